/**
 * The words of this extension.
 *
 * pilot       a project of people from several partners, with its data, clusters and one shared workspace
 * workspace   the JupyterLab that the people of one pilot share
 * lab         a JupyterLab of one person
 * connection  whether this JupyterLab belongs to a Kontor, and to which pilot
 */

import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

/** Somebody in a pilot. `here` is whether they are in its workspace now. */
export interface IPerson {
  name: string;
  display_name: string;
  initials: string;
  color: string;
  partner: string | null;
  country: string | null;
  role: string;
  here: boolean;
}

/** A pilot as its member sees it. `why_not` says in a sentence why `may_open` is false. */
export interface IPilot {
  slug: string;
  title: string;
  question: string;
  class: string;
  state: string;
  role: string | null;
  technique: string | null;
  may_open: boolean;
  why_not: string | null;
  may_run: boolean;
  people: IPerson[];
  open_url: string;
  page_url: string;
}

/** What the register knows of a data set. */
export interface IDataset {
  id: string;
  pilot: string;
  title: string;
  technique: string;
  format: string;
  size: number;
}

export type ClusterStatus = 'pending' | 'running' | 'stopping' | 'stopped' | 'failed';

/** A Dask cluster of a pilot: `workers` run now, `wanted` were asked for; it ends by itself at `ends_at` at the latest. */
export interface ICluster {
  name: string;
  pilot: string;
  status: ClusterStatus;
  workers: number;
  wanted: number;
  started_by: string;
  started_at: string | null;
  ends_at: string | null;
}

/** The clusters of a pilot, and how many clusters and workers it may have at most, if the gateway says so. */
export interface IClusterList {
  clusters: ICluster[];
  limits: { clusters: number; workers: number } | null;
}

/** Whether this JupyterLab belongs to a Kontor; `pilot` only in a workspace. */
export interface IConnection {
  connected: boolean;
  reason: string | null;
  pilot: string | null;
  lobby_url: string | null;
}

/** What the views and the models ask of the server half. Every refusal is an Error whose message is a sentence. */
export interface IKontorAPI {
  connection(): Promise<IConnection>;
  pilots(): Promise<IPilot[]>;
  datasets(pilot: string): Promise<IDataset[]>;
  clusters(pilot: string): Promise<IClusterList>;
  startCluster(pilot: string, workers: number): Promise<void>;
  scaleCluster(name: string, workers: number): Promise<void>;
  stopCluster(name: string): Promise<void>;
}

/** The pilots of the person (or of the workspace) and what is known of them. */
export interface IPilots {
  readonly changed: ISignal<IPilots, void>;
  readonly connection: IConnection | null;
  readonly pilots: readonly IPilot[];
  readonly current: IPilot | null;
  refresh(): Promise<void>;
}

/** Other extensions may ask which pilot this JupyterLab works for. */
export const IPilots = new Token<IPilots>('kontor-lab:IPilots', 'The pilots of this person or workspace.');
