/** Model of the pilots: which there are, who is there, and which one the panel works for. */

import { Model } from './model';
import { IConnection, IKontorAPI, IPerson, IPilot, IPilots } from './tokens';

export class PilotsModel extends Model implements IPilots {
  connection: IConnection | null = null;
  pilots: readonly IPilot[] = [];

  constructor(private readonly api: IKontorAPI) {
    super();
  }

  /** Whether this JupyterLab is the shared workspace of one pilot. */
  get inWorkspace(): boolean {
    return !!this.connection?.pilot;
  }

  /** The workspace's pilot; else the chosen one; else the first in which the person may run code; else the first. */
  get current(): IPilot | null {
    const wanted = this.connection?.pilot ?? this.chosen;
    return (
      this.pilots.find(pilot => pilot.slug === wanted) ??
      this.pilots.find(pilot => pilot.may_run) ??
      this.pilots[0] ??
      null
    );
  }

  /** Makes `slug` the pilot of the sections Data and Clusters. */
  choose(slug: string): void {
    this.chosen = slug;
    this.notify();
  }

  /** Asks again. A lab that is not connected is asked only for its connection. Keeps the old list on failure. */
  async refresh(): Promise<void> {
    await this.attempt(async () => {
      this.connection = await this.api.connection();
      if (this.connection.connected) {
        this.pilots = await this.api.pilots();
      }
    });
  }

  private chosen: string | null = null;
}

/** The people who are in the pilot's workspace now. */
export function peopleHere(pilot: IPilot): IPerson[] {
  return pilot.people.filter(person => person.here);
}

/** The display name of an account of this pilot; null for strangers, because account names mean nothing to people. */
export function displayName(pilot: IPilot, account: string | null): string | null {
  return pilot.people.find(person => person.name === account)?.display_name ?? null;
}
