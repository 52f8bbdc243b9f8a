/** The plugin of the Pilots panel: makes models and view, keeps them fresh while they can be seen. */

import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ClustersModel } from './clusters';
import { addCommands, makeActions } from './commands';
import { DatasetsModel } from './datasets';
import { PilotsModel } from './pilots';
import { Refresher } from './refresher';
import { KontorAPI } from './request';
import { IPilots } from './tokens';
import { PilotsPanel } from './views/panel';

const PANEL_ID = 'kontor-pilots';

export const panelPlugin: JupyterFrontEndPlugin<IPilots> = {
  id: 'kontor-lab:plugin',
  description: 'The Pilots panel: pilots, the people in them, their clusters and their data.',
  autoStart: true,
  provides: IPilots,
  optional: [ITranslator, ISettingRegistry, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): IPilots => {
    const trans = (translator ?? nullTranslator).load('kontor');
    const api = new KontorAPI(app.serviceManager.serverSettings, trans);
    const models = {
      pilots: new PilotsModel(api),
      clusters: new ClustersModel(api),
      datasets: new DatasetsModel(api)
    };
    const panel = new PilotsPanel(PANEL_ID, models, makeActions(app, trans), trans);
    const refresher = new Refresher(models, () => panel.isVisible && !document.hidden);
    panel.shown.connect(() => void refresher.refresh());
    panel.disposed.connect(() => refresher.dispose());

    app.shell.add(panel, 'left', { rank: 150 });
    restorer?.add(panel, PANEL_ID);
    addCommands(app, PANEL_ID, models.pilots, () => refresher.refresh(), trans, palette);
    void followSettings(registry, refresher);
    return models.pilots;
  }
};

async function followSettings(registry: ISettingRegistry | null, refresher: Refresher): Promise<void> {
  const settings = await registry?.load(panelPlugin.id);
  const apply = (): void => {
    refresher.seconds = Number(settings?.get('refreshSeconds').composite ?? refresher.seconds);
  };
  settings?.changed.connect(apply);
  apply();
}
