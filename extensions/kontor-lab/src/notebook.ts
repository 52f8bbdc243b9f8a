/** The cells that the panel writes, and how they get into the notebook that is open. */

import { Widget } from '@lumino/widgets';

/** What is needed of a notebook; kept small so that the whole notebook package is not a dependency. */
interface INotebookContent {
  activeCellIndex: number;
  model: {
    sharedModel: {
      cells: { length: number };
      insertCell(index: number, cell: { cell_type: 'code'; source: string; metadata: object }): unknown;
    };
  };
}

/** A cell that connects to a running cluster; a workspace needs not say for which pilot. */
export function connectCell(cluster: string, pilot: string | null): string {
  const whose = pilot === null ? '' : `, pilot=${JSON.stringify(pilot)}`;
  return `import kontor\nclient = kontor.connect_cluster(${JSON.stringify(cluster)}${whose})\nclient`;
}

/** A cell that opens a data set. */
export function openCell(dataset: string): string {
  return `import kontor\nds = kontor.open_dataset(${JSON.stringify(dataset)})\nds`;
}

/** Puts `source` below the active cell of the notebook shown in `widget`; false if it shows none. */
export function insertCell(widget: Widget | null, source: string): boolean {
  const notebook = notebookOf(widget);
  if (!notebook) {
    return false;
  }
  const { sharedModel } = notebook.model;
  const index = Math.min(notebook.activeCellIndex + 1, sharedModel.cells.length);
  sharedModel.insertCell(index, { cell_type: 'code', source, metadata: {} });
  notebook.activeCellIndex = index;
  return true;
}

function notebookOf(widget: Widget | null): INotebookContent | null {
  const content = (widget as { content?: Partial<INotebookContent> } | null)?.content;
  const found = typeof content?.activeCellIndex === 'number' && content.model?.sharedModel?.insertCell;
  return found ? (content as INotebookContent) : null;
}
