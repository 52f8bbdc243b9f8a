/** A server half that answers what a test says; the far edge of every model. */

import { ICluster, IClusterList, IConnection, IDataset, IKontorAPI, IPerson, IPilot } from '../tokens';

export function person(name: string, more: Partial<IPerson> = {}): IPerson {
  const display_name = `Name of ${name}`;
  return { name, display_name, initials: 'AB', color: '#0b3c5d', partner: 'DESY', country: 'DE', role: 'editor', here: false, ...more };
}

export function pilot(slug: string, more: Partial<IPilot> = {}): IPilot {
  return {
    slug,
    title: `Pilot ${slug}`,
    question: 'Why?',
    class: 'open',
    state: 'active',
    role: 'editor',
    technique: 'MR',
    may_open: true,
    why_not: null,
    may_run: true,
    people: [],
    open_url: `https://lobby.test/pilots/${slug}/workspace`,
    page_url: `https://lobby.test/pilots/${slug}`,
    ...more
  };
}

export function cluster(name: string, more: Partial<ICluster> = {}): ICluster {
  return {
    name,
    pilot: 'knee',
    status: 'running',
    workers: 2,
    wanted: 2,
    started_by: 'ws-knee',
    started_at: null,
    ends_at: null,
    ...more
  };
}

export class Kontor implements IKontorAPI {
  connected: IConnection = { connected: true, reason: null, pilot: null, lobby_url: 'https://lobby.test/' };
  known: IPilot[] = [];
  running: IClusterList = { clusters: [], limits: null };
  stored: IDataset[] = [];
  /** The sentence with which every question is refused, if any. */
  refusal: string | null = null;
  asked: string[] = [];

  connection = (): Promise<IConnection> => this.answer('connection', this.connected);
  pilots = (): Promise<IPilot[]> => this.answer('pilots', this.known);
  datasets = (slug: string): Promise<IDataset[]> => this.answer(`datasets ${slug}`, this.stored);
  clusters = (slug: string): Promise<IClusterList> => this.answer(`clusters ${slug}`, this.running);
  startCluster = (slug: string, n: number): Promise<void> => this.act(`start ${slug} ${n}`);
  scaleCluster = (name: string, n: number): Promise<void> => this.act(`scale ${name} ${n}`);
  stopCluster = (name: string): Promise<void> => this.act(`stop ${name}`);

  private async answer<T>(question: string, answer: T): Promise<T> {
    this.asked.push(question);
    return answer;
  }

  private async act(question: string): Promise<void> {
    this.asked.push(question);
    if (this.refusal) {
      throw new Error(this.refusal);
    }
  }
}
