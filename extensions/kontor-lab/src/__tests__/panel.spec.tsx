import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { act } from 'react';
import { createRoot, Root } from 'react-dom/client';

import { ClustersModel } from '../clusters';
import type { IActions } from '../commands';
import { DatasetsModel } from '../datasets';
import { PilotsModel } from '../pilots';
import { PanelContent } from '../views/panel';
import { cluster, Kontor, person, pilot } from './kontor';

jest.mock('../icons', () => ({ markIcon: {} }));
jest.mock('@jupyterlab/ui-components', () => ({ ReactWidget: class {} }));

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

let root: Root;
let node: HTMLElement;
const done: string[] = [];

const actions: IActions = {
  openPage: url => void done.push(`open ${url}`),
  insertConnectCell: (name, slug) => void done.push(`connect ${name} ${slug}`),
  insertOpenCell: id => void done.push(`data ${id}`),
  confirmStop: async () => false,
  tell: sentence => void done.push(sentence)
};

async function show(kontor: Kontor): Promise<void> {
  const models = { pilots: new PilotsModel(kontor), clusters: new ClustersModel(kontor), datasets: new DatasetsModel(kontor) };
  await models.pilots.refresh();
  await models.clusters.show(models.pilots.current?.slug ?? null);
  await models.datasets.show(models.pilots.current?.slug ?? null);
  act(() => root.render(<PanelContent {...models} actions={actions} trans={nullTranslator.load('kontor')} />));
}

function button(label: string): HTMLButtonElement {
  const all = [...node.querySelectorAll('button')];
  const found = all.find(one => (one.getAttribute('aria-label') ?? one.textContent) === label);
  expect(found).toBeDefined();
  return found as HTMLButtonElement;
}

beforeEach(() => {
  done.length = 0;
  node = document.createElement('div');
  root = createRoot(node);
});

afterEach(() => act(() => root.unmount()));

it('says in a lab on its own why it shows nothing', async () => {
  const kontor = new Kontor();
  kontor.connected = { connected: false, reason: 'Started on its own.', pilot: null, lobby_url: null };
  await show(kontor);
  expect(node.textContent).toBe('Not connected to KontorStarted on its own.');
});

it('tells a person without pilots what to do next', async () => {
  await show(new Kontor());
  expect(node.textContent).toContain('Ask the lead of a pilot to add you');
  expect(node.textContent).not.toContain('Clusters');
});

it('opens a workspace, or says why not', async () => {
  const kontor = new Kontor();
  kontor.known = [pilot('knee'), pilot('sepsis', { may_open: false, why_not: 'Reviewers read.' })];
  await show(kontor);
  button('Open workspace of Pilot knee').click();
  expect(done).toEqual(['open https://lobby.test/pilots/knee/workspace']);
  const refused = button('Open workspace of Pilot sepsis');
  expect(refused.disabled).toBe(true);
  expect(node.querySelector(`#${refused.getAttribute('aria-describedby')}`)?.textContent).toBe('Reviewers read.');
});

it('shows the faces of those who are here, with their names for screen readers', async () => {
  const kontor = new Kontor();
  kontor.known = [pilot('knee', { people: [person('ua', { here: true }), person('ub')] })];
  await show(kontor);
  const faces = [...node.querySelectorAll('[role=img]')].map(face => face.getAttribute('aria-label'));
  expect(faces).toEqual(['Name of ua, here now']);
});

it('puts the people of a workspace on top, with the way to the lobby and none into itself', async () => {
  const kontor = new Kontor();
  kontor.connected = { ...kontor.connected, pilot: 'knee' };
  kontor.known = [pilot('knee', { role: null, people: [person('ua', { here: true }), person('ub')] })];
  await show(kontor);
  expect(node.querySelector('h2')?.textContent).toBe('Pilot knee');
  expect(node.querySelector('a')?.getAttribute('rel')).toBe('noopener noreferrer');
  expect(node.textContent).not.toContain('Open workspace');
});

it('uses clusters of the pilot by name in a personal lab', async () => {
  const kontor = new Kontor();
  kontor.known = [pilot('knee')];
  kontor.running = { clusters: [cluster('abcdef0123', { workers: 1 })], limits: { clusters: 1, workers: 8 } };
  await show(kontor);
  expect(node.textContent).toContain('1 of 2 workers · started in the workspace');
  button('Insert connect cell').click();
  expect(done).toEqual(['connect abcdef0123 knee']);
  expect(node.querySelector('#kontor-new-workers')?.getAttribute('max')).toBe('8');
});

it('does not stop a cluster that the person wants to keep', async () => {
  const kontor = new Kontor();
  kontor.known = [pilot('knee')];
  kontor.running = { clusters: [cluster('abcdef0123')], limits: null };
  await show(kontor);
  await act(async () => button('Stop cluster abcdef01').click());
  expect(kontor.asked.filter(one => one.startsWith('stop'))).toEqual([]);
});

it('offers no clusters to a role that may not run code', async () => {
  const kontor = new Kontor();
  kontor.known = [pilot('knee', { may_run: false })];
  await show(kontor);
  expect(node.textContent).toContain('does not include running');
  expect(node.textContent).not.toContain('Start cluster');
});
