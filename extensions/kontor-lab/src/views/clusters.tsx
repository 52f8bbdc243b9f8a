/** The section Clusters: what runs for the pilot, and the ways to start, change, use and stop it. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Task } from '../clusters';
import { displayName } from '../pilots';
import { ICluster, IPilot } from '../tokens';
import type { IViewProps } from './panel';
import { Button, Failure } from './parts';

const FIRST_WORKERS = 2;

interface IClustersProps extends IViewProps {
  pilot: IPilot;
}

export function ClustersSection(props: IClustersProps): JSX.Element {
  const { clusters, pilot, trans } = props;
  return (
    <section className="kontor-section" aria-labelledby="kontor-clusters-title">
      <h2 id="kontor-clusters-title">{trans.__('Clusters')}</h2>
      {pilot.may_run ? (
        <>
          {(clusters.refusal ?? clusters.error) && <Failure>{clusters.refusal ?? clusters.error}</Failure>}
          {!clusters.known && !clusters.error && <p className="kontor-quiet">{trans.__('Looking …')}</p>}
          {clusters.known && clusters.clusters.length === 0 && (
            <p className="kontor-quiet">
              {trans.__('No cluster is running. Start one to calculate on several processors at once.')}
            </p>
          )}
          <ul className="kontor-rows">
            {clusters.clusters.map(cluster => (
              <ClusterRow key={cluster.name} {...props} cluster={cluster} />
            ))}
          </ul>
          <StartForm {...props} />
        </>
      ) : (
        <p className="kontor-quiet">
          {trans.__('Your role in this pilot does not include running calculations. Its lead can change that.')}
        </p>
      )}
    </section>
  );
}

function StartForm({ clusters, trans }: IClustersProps): JSX.Element {
  const [workers, setWorkers] = React.useState(FIRST_WORKERS);
  const starting = clusters.task('') === 'start';
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    void clusters.start(workers);
  };
  return (
    <form className="kontor-line" onSubmit={submit} aria-label={trans.__('Start a cluster')}>
      <Workers
        id="kontor-new-workers"
        value={workers}
        most={clusters.limits?.workers}
        onChange={setWorkers}
        trans={trans}
      />
      <Button look="go" type="submit" disabled={starting} aria-busy={starting}>
        {starting ? trans.__('Starting …') : trans.__('Start cluster')}
      </Button>
    </form>
  );
}

function ClusterRow(props: IClustersProps & { cluster: ICluster }): JSX.Element {
  const { actions, cluster, clusters, pilot, pilots, trans } = props;
  const task = clusters.task(cluster.name);
  const short = cluster.name.slice(0, 8);
  const running = cluster.status === 'running';
  const stop = async (): Promise<void> => {
    if ((await actions.confirmStop()) && (await clusters.stop(cluster.name))) {
      actions.tell(trans.__('The cluster %1 is stopping.', short));
    }
  };
  return (
    <li className="kontor-row" aria-busy={!!task}>
      <div className="kontor-line">
        <h3 title={cluster.name}>{short}</h3>
        <span className={`kontor-chip kontor-${cluster.status}`} role="status">
          {stateWord(cluster, task, trans)}
        </span>
      </div>
      <p className="kontor-quiet">
        {[workersWord(cluster, trans), starterWord(pilot, cluster, trans), endWord(cluster, trans)]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {running && <ScaleForm {...props} />}
      {(running || cluster.status === 'pending') && (
        <div className="kontor-line">
          {running && (
            <Button onClick={() => actions.insertConnectCell(cluster.name, pilots.inWorkspace ? null : cluster.pilot)}>
              {trans.__('Insert connect cell')}
            </Button>
          )}
          <Button look="warn" disabled={!!task} onClick={stop} aria-label={trans.__('Stop cluster %1', short)}>
            {trans.__('Stop')}
          </Button>
        </div>
      )}
    </li>
  );
}

function ScaleForm({ cluster, clusters, trans }: IClustersProps & { cluster: ICluster }): JSX.Element {
  const now = cluster.wanted;
  const [wanted, setWanted] = React.useState<number | null>(null);
  const busy = !!clusters.task(cluster.name);
  const value = wanted ?? now;
  const submit = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    if (await clusters.scale(cluster.name, value)) {
      setWanted(null);
    }
  };
  return (
    <form className="kontor-line" onSubmit={submit} aria-label={trans.__('Change the workers')}>
      <Workers
        id={`kontor-workers-${cluster.name}`}
        value={value}
        most={clusters.limits?.workers}
        onChange={setWanted}
        trans={trans}
      />
      <Button type="submit" disabled={busy || value === now}>
        {trans.__('Change')}
      </Button>
    </form>
  );
}

function Workers(props: {
  id: string;
  value: number;
  most?: number;
  onChange: (workers: number) => void;
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <>
      <label htmlFor={props.id}>{props.trans.__('Workers')}</label>
      <input
        id={props.id}
        className="kontor-number"
        type="number"
        min={0}
        max={props.most}
        step={1}
        required
        value={props.value}
        onChange={event => props.onChange(event.target.valueAsNumber || 0)}
      />
    </>
  );
}

function workersWord(cluster: ICluster, trans: TranslationBundle): string {
  const { wanted, workers } = cluster;
  return workers === wanted
    ? trans._n('%1 worker', '%1 workers', workers)
    : trans._n('%2 of %1 worker', '%2 of %1 workers', wanted, workers);
}

/** Who started it: a person of the pilot by name, or the workspace, in which the gateway cannot tell people apart. */
function starterWord(pilot: IPilot, cluster: ICluster, trans: TranslationBundle): string {
  const name = displayName(pilot, cluster.started_by);
  if (name) {
    return trans.__('started by %1', name);
  }
  return cluster.started_by === `ws-${pilot.slug}` ? trans.__('started in the workspace') : '';
}

function endWord(cluster: ICluster, trans: TranslationBundle): string {
  if (!cluster.ends_at) {
    return '';
  }
  const time = new Date(cluster.ends_at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return trans.__('ends by %1', time);
}

function stateWord(cluster: ICluster, task: Task | undefined, trans: TranslationBundle): string {
  if (task === 'scale') {
    return trans.__('changing …');
  }
  if (task === 'stop') {
    return trans.__('stopping …');
  }
  const words: Record<ICluster['status'], string> = {
    pending: trans.__('starting …'),
    running: trans.__('running'),
    stopping: trans.__('stopping …'),
    stopped: trans.__('stopped'),
    failed: trans.__('failed')
  };
  return words[cluster.status];
}
