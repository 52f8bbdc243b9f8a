/** The Pilots panel in the left sidebar. */

import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { IActions } from '../commands';
import { markIcon } from '../icons';
import { IModels } from '../refresher';
import { ClustersSection } from './clusters';
import { DataSection } from './data';
import { Failure } from './parts';
import { PilotsSection, WorkspaceSection } from './pilots';

export class PilotsPanel extends ReactWidget {
  constructor(
    id: string,
    private readonly models: IModels,
    private readonly actions: IActions,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.id = id;
    this.addClass('kontor-Panel');
    this.title.icon = markIcon;
    this.title.caption = trans.__('Pilots');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pilots'));
    const update = (): void => this.update();
    models.pilots.changed.connect(update);
    models.clusters.changed.connect(update);
    models.datasets.changed.connect(update);
  }

  /** Emitted when the panel comes into view. */
  get shown(): ISignal<this, void> {
    return this._shown;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._shown.emit();
  }

  protected render(): JSX.Element {
    return <PanelContent {...this.models} actions={this.actions} trans={this.trans} />;
  }

  private readonly _shown = new Signal<this, void>(this);
}

export interface IViewProps extends IModels {
  actions: IActions;
  trans: TranslationBundle;
}

/** Everything in the panel, from the state of the models. */
export function PanelContent(props: IViewProps): JSX.Element {
  const { pilots, trans } = props;
  if (pilots.connection === null) {
    return pilots.error ? <Failure>{pilots.error}</Failure> : <p className="kontor-quiet">{trans.__('Looking …')}</p>;
  }
  if (!pilots.connection.connected) {
    return (
      <section className="kontor-section">
        <h2>{trans.__('Not connected to Kontor')}</h2>
        <p>{pilots.connection.reason}</p>
      </section>
    );
  }
  return (
    <>
      {pilots.error && <Failure>{pilots.error}</Failure>}
      {pilots.inWorkspace ? <WorkspaceSection {...props} /> : <PilotsSection {...props} />}
      {pilots.current && <Choice {...props} />}
      {pilots.current && <ClustersSection {...props} pilot={pilots.current} key={pilots.current.slug} />}
      {pilots.current && <DataSection {...props} />}
    </>
  );
}

/** In a personal lab with several pilots: for which one clusters and data are shown. */
function Choice({ pilots, trans }: IViewProps): JSX.Element | null {
  if (pilots.inWorkspace || pilots.pilots.length < 2) {
    return null;
  }
  return (
    <div className="kontor-section kontor-choice">
      <label htmlFor="kontor-pilot-choice">{trans.__('Clusters and data of')}</label>
      <select
        id="kontor-pilot-choice"
        className="kontor-select"
        value={pilots.current?.slug}
        onChange={event => pilots.choose(event.target.value)}
      >
        {pilots.pilots.map(pilot => (
          <option key={pilot.slug} value={pilot.slug}>
            {pilot.title}
          </option>
        ))}
      </select>
    </div>
  );
}
