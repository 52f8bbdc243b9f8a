/** Model of the clusters of one pilot. */

import { Model, sentence } from './model';
import { ICluster, IClusterList, IKontorAPI } from './tokens';

/** What is being done right now: to a cluster by its name, or the start of a new one. */
export type Task = 'start' | 'scale' | 'stop';

export class ClustersModel extends Model {
  clusters: readonly ICluster[] = [];
  limits: IClusterList['limits'] = null;
  /** Whether the list of this pilot has been read at least once. */
  known = false;
  /** The sentence with which the last start, change or stop was refused; stays until the next one. */
  refusal: string | null = null;

  constructor(private readonly api: IKontorAPI) {
    super();
  }

  get pilot(): string | null {
    return this._pilot;
  }

  /** Whether something changes by itself soon, so that it is worth asking again at once. */
  get settling(): boolean {
    return this.tasks.size > 0 || this.clusters.some(isSettling);
  }

  /** What is being done to the cluster `name`, or `''` for a new one. */
  task(name: string): Task | undefined {
    return this.tasks.get(name);
  }

  /** Changes the pilot; null means none, then nothing is asked. */
  async show(pilot: string | null): Promise<void> {
    if (pilot === this._pilot) {
      return;
    }
    this._pilot = pilot;
    this.clusters = [];
    this.known = false;
    this.error = null;
    this.refusal = null;
    this.notify();
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const pilot = this._pilot;
    if (pilot !== null) {
      await this.attempt(() => this.read(pilot));
    }
  }

  start(workers: number): Promise<boolean> {
    const pilot = this._pilot;
    return pilot === null ? Promise.resolve(false) : this.run('', 'start', () => this.api.startCluster(pilot, workers));
  }

  scale(name: string, workers: number): Promise<boolean> {
    return this.run(name, 'scale', () => this.api.scaleCluster(name, workers));
  }

  stop(name: string): Promise<boolean> {
    return this.run(name, 'stop', () => this.api.stopCluster(name));
  }

  private async read(pilot: string): Promise<void> {
    const { clusters, limits } = await this.api.clusters(pilot);
    if (pilot === this._pilot) {
      this.clusters = clusters;
      this.limits = limits;
      this.known = true;
    }
  }

  /** Does one thing at a time to one cluster, then reads the list again. Returns whether it worked. */
  private async run(name: string, task: Task, work: () => Promise<void>): Promise<boolean> {
    if (this.tasks.has(name)) {
      return false;
    }
    this.tasks.set(name, task);
    this.refusal = null;
    this.notify();
    try {
      await work();
    } catch (reason) {
      this.refusal = sentence(reason);
    }
    this.tasks.delete(name);
    await this.refresh();
    return this.refusal === null;
  }

  private _pilot: string | null = null;
  private readonly tasks = new Map<string, Task>();
}

/** Whether a cluster is on its way to another state. */
export function isSettling(cluster: ICluster): boolean {
  const moving = cluster.status === 'pending' || cluster.status === 'stopping';
  return moving || (cluster.status === 'running' && cluster.workers !== cluster.wanted);
}
