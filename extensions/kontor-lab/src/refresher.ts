/** Keeps the models fresh while somebody can see them. */

import { Poll } from '@lumino/polling';

import { ClustersModel } from './clusters';
import { DatasetsModel } from './datasets';
import { PilotsModel } from './pilots';

/** How often to look while a cluster starts or stops, in milliseconds. */
const SETTLING = 2000;

export interface IModels {
  pilots: PilotsModel;
  clusters: ClustersModel;
  datasets: DatasetsModel;
}

export class Refresher {
  /** Seconds between two looks. */
  seconds = 10;

  constructor(
    private readonly models: IModels,
    visible: () => boolean
  ) {
    this.poll = new Poll({
      name: 'kontor-lab:refresher',
      factory: () => this.look(),
      frequency: { interval: this.seconds * 1000, backoff: false },
      standby: () => !visible()
    });
    models.pilots.changed.connect(this.follow, this);
    models.clusters.changed.connect(this.pace, this);
  }

  /** Looks now. */
  async refresh(): Promise<void> {
    await this.poll.refresh();
    await this.poll.tick;
  }

  dispose(): void {
    this.poll.dispose();
    this.models.pilots.changed.disconnect(this.follow, this);
    this.models.clusters.changed.disconnect(this.pace, this);
    Object.values(this.models).forEach(model => model.dispose());
  }

  private async look(): Promise<void> {
    await Promise.all([this.models.pilots.refresh(), this.models.clusters.refresh()]);
    if (this.models.datasets.error !== null) {
      await this.models.datasets.refresh();
    }
  }

  /** Shows the clusters and data of the current pilot; clusters only where the person may run code. */
  private follow(): void {
    const pilot = this.models.pilots.current;
    void this.models.datasets.show(pilot?.slug ?? null);
    void this.models.clusters.show(pilot?.may_run ? pilot.slug : null);
  }

  private pace(): void {
    const interval = this.models.clusters.settling ? SETTLING : this.seconds * 1000;
    if (this.poll.frequency.interval !== interval) {
      this.poll.frequency = { ...this.poll.frequency, interval };
      void this.poll.schedule({ phase: 'refreshed', interval });
    }
  }

  private readonly poll: Poll;
}
