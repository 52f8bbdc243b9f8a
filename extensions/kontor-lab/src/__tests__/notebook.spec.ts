import { Widget } from '@lumino/widgets';

import { connectCell, insertCell, openCell } from '../notebook';

function notebook(cells: number, activeCellIndex: number): { widget: Widget; inserted: unknown[][]; content: { activeCellIndex: number } } {
  const inserted: unknown[][] = [];
  const sharedModel = { cells: { length: cells }, insertCell: (...args: unknown[]) => inserted.push(args) };
  const content = { activeCellIndex, model: { sharedModel } };
  return { widget: { content } as unknown as Widget, inserted, content };
}

it.each([
  ['below the active cell', 3, 1, 2],
  ['at the end', 3, 2, 3],
  ['into an empty notebook', 0, -1, 0]
])('inserts %s and makes it active', (_, cells, active, index) => {
  const { widget, inserted, content } = notebook(cells, active);
  expect(insertCell(widget, 'x')).toBe(true);
  expect(inserted).toEqual([[index, { cell_type: 'code', source: 'x', metadata: {} }]]);
  expect(content.activeCellIndex).toBe(index);
});

it.each([
  ['nothing', null],
  ['a widget without content', new Object()],
  ['a text editor', { content: { editor: {} } }],
  ['a notebook that still loads', { content: { activeCellIndex: 0, model: null } }]
])('inserts nothing into %s', (_, widget) => expect(insertCell(widget as Widget | null, 'x')).toBe(false));

it('writes cells that Python reads', () => {
  expect(connectCell('3f', null)).toBe('import kontor\nclient = kontor.connect_cluster("3f")\nclient');
  expect(connectCell('3f', 'knee-mr')).toContain('kontor.connect_cluster("3f", pilot="knee-mr")');
  expect(openCell('knee-mr/brain-mr')).toBe('import kontor\nds = kontor.open_dataset("knee-mr/brain-mr")\nds');
});
