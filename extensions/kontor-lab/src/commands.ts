/** The commands of the panel, for the palette and for keyboard shortcuts. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, ICommandPalette, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { markIcon } from './icons';
import { connectCell, insertCell, openCell } from './notebook';
import { PilotsModel } from './pilots';

export namespace CommandIDs {
  export const showPanel = 'kontor:show-panel';
  export const refresh = 'kontor:refresh';
  export const openLobby = 'kontor:open-lobby';
}

/** What the views let a person do outside the panel. */
export interface IActions {
  /** Opens a page of the Kontor service in a tab of its own, which cannot reach back into this one. */
  openPage(url: string): void;
  /** Puts a cell that connects to a cluster into the notebook that is open; says so if none is. */
  insertConnectCell(cluster: string, pilot: string | null): void;
  /** Puts a cell that opens a data set into the notebook that is open; says so if none is. */
  insertOpenCell(dataset: string): void;
  /** Asks whether a cluster may be stopped. */
  confirmStop(): Promise<boolean>;
  /** Says for a moment that something was done. */
  tell(sentence: string): void;
}

export function makeActions(app: JupyterFrontEnd, trans: TranslationBundle): IActions {
  const insert = (source: string): void => {
    if (!insertCell(app.shell.currentWidget, source)) {
      Notification.warning(trans.__('Open a notebook first. Then the cell goes below its active cell.'), {
        autoClose: 6000
      });
    }
  };
  const opened = new Set<string>();
  return {
    openPage: url => {
      // a double click is one wish
      if (!opened.has(url)) {
        opened.add(url);
        window.setTimeout(() => opened.delete(url), 2000);
        window.open(url, '_blank', 'noopener');
      }
    },
    insertConnectCell: (cluster, pilot) => insert(connectCell(cluster, pilot)),
    insertOpenCell: dataset => insert(openCell(dataset)),
    tell: sentence => void Notification.success(sentence, { autoClose: 4000 }),
    confirmStop: async () => {
      const result = await showDialog({
        title: trans.__('Stop this cluster?'),
        body: trans.__(
          'Everybody in the pilot loses it, and so does every calculation that runs on it. Notebooks and stored results stay.'
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Keep it') }),
          Dialog.warnButton({ label: trans.__('Stop cluster') })
        ],
        defaultButton: 0
      });
      return result.button.accept;
    }
  };
}

export function addCommands(
  app: JupyterFrontEnd,
  panelId: string,
  pilots: PilotsModel,
  refresh: () => Promise<void>,
  trans: TranslationBundle,
  palette: ICommandPalette | null
): void {
  const { commands, shell } = app;
  const actions = makeActions(app, trans);
  const lobby = (): string | null => pilots.connection?.lobby_url ?? null;
  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show Pilots'),
    caption: trans.__('Show who is in your pilots, their clusters and their data'),
    icon: markIcon,
    execute: () => shell.activateById(panelId)
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Pilots'),
    execute: refresh
  });
  commands.addCommand(CommandIDs.openLobby, {
    label: trans.__('Open the Lobby'),
    caption: trans.__('Open the page with all your pilots in a new tab'),
    isEnabled: () => lobby() !== null,
    execute: () => {
      const url = lobby();
      if (url) {
        actions.openPage(url);
      }
    }
  });
  pilots.changed.connect(() => commands.notifyCommandChanged(CommandIDs.openLobby));
  for (const command of Object.values(CommandIDs)) {
    palette?.addItem({ command, category: trans.__('Kontor') });
  }
}
