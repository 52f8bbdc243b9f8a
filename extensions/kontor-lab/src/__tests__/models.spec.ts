import { ClustersModel, isSettling } from '../clusters';
import { DatasetsModel, readableSize } from '../datasets';
import { displayName, peopleHere, PilotsModel } from '../pilots';
import { cluster, Kontor, person, pilot } from './kontor';

describe('PilotsModel', () => {
  it('asks a lab that belongs to no Kontor only for its connection', async () => {
    const kontor = new Kontor();
    kontor.connected = { connected: false, reason: 'Alone.', pilot: null, lobby_url: null };
    const model = new PilotsModel(kontor);
    await model.refresh();
    expect(kontor.asked).toEqual(['connection']);
    expect(model.current).toBeNull();
  });

  it('works for the workspace’s pilot, else the chosen one, else the first with a right to run', async () => {
    const kontor = new Kontor();
    kontor.known = [pilot('read', { may_run: false }), pilot('knee'), pilot('sepsis')];
    const model = new PilotsModel(kontor);
    await model.refresh();
    expect(model.current?.slug).toBe('knee');
    model.choose('sepsis');
    expect(model.current?.slug).toBe('sepsis');
    kontor.connected = { ...kontor.connected, pilot: 'read' };
    await model.refresh();
    expect(model.current?.slug).toBe('read');
    expect(model.inWorkspace).toBe(true);
  });

  it('keeps the list and says a sentence when a refresh fails, and forgets the sentence after a success', async () => {
    const kontor = new Kontor();
    kontor.known = [pilot('knee')];
    const model = new PilotsModel(kontor);
    await model.refresh();
    const pilots = kontor.pilots;
    kontor.pilots = () => Promise.reject(new Error('Kontor does not answer.'));
    await model.refresh();
    expect(model.error).toBe('Kontor does not answer.');
    expect(model.pilots).toHaveLength(1);
    kontor.pilots = pilots;
    await model.refresh();
    expect(model.error).toBeNull();
  });
});

describe('people', () => {
  const knee = pilot('knee', { people: [person('ua'), person('ub', { here: true })] });

  it('are here or not', () => expect(peopleHere(knee).map(({ name }) => name)).toEqual(['ub']));
  it('have names only in their pilot', () => {
    expect(displayName(knee, 'ua')).toBe('Name of ua');
    expect(displayName(knee, 'ws-knee')).toBeNull();
  });
});

describe('ClustersModel', () => {
  it('asks nothing without a pilot', async () => {
    const kontor = new Kontor();
    const model = new ClustersModel(kontor);
    await model.refresh();
    expect(await model.start(2)).toBe(false);
    expect(kontor.asked).toEqual([]);
  });

  it('reads the list after each thing that it did', async () => {
    const kontor = new Kontor();
    const model = new ClustersModel(kontor);
    await model.show('knee');
    expect(await model.start(2)).toBe(true);
    expect(await model.scale('one', 3)).toBe(true);
    expect(await model.stop('one')).toBe(true);
    const list = 'clusters knee';
    expect(kontor.asked).toEqual([list, 'start knee 2', list, 'scale one 3', list, 'stop one', list]);
  });

  it('keeps the sentence of a refusal over later looks, until the next try', async () => {
    const kontor = new Kontor();
    const model = new ClustersModel(kontor);
    await model.show('knee');
    kontor.refusal = 'At most 8 workers.';
    expect(await model.start(9)).toBe(false);
    await model.refresh();
    expect(model.refusal).toBe('At most 8 workers.');
    kontor.refusal = null;
    await model.start(2);
    expect(model.refusal).toBeNull();
  });

  it('does one thing at a time to a cluster', async () => {
    const kontor = new Kontor();
    const model = new ClustersModel(kontor);
    await model.show('knee');
    const first = model.start(2);
    expect(model.task('')).toBe('start');
    expect(model.settling).toBe(true);
    expect(await model.start(2)).toBe(false);
    await first;
    expect(kontor.asked.filter(one => one.startsWith('start'))).toHaveLength(1);
    expect(model.settling).toBe(false);
  });

  it('drops an answer for a pilot that is no longer shown', async () => {
    const kontor = new Kontor();
    kontor.running = { clusters: [cluster('one')], limits: null };
    const model = new ClustersModel(kontor);
    const late = model.show('knee');
    await model.show(null);
    await late;
    expect(model.clusters).toEqual([]);
  });

  it.each([
    ['running with all its workers', cluster('a'), false],
    ['running with some of its workers', cluster('a', { workers: 1 }), true],
    ['starting', cluster('a', { status: 'pending' }), true],
    ['stopping', cluster('a', { status: 'stopping' }), true],
    ['failed', cluster('a', { status: 'failed', workers: 0 }), false]
  ] as const)('a cluster that is %s', (_, given, settling) => expect(isSettling(given)).toBe(settling));
});

describe('DatasetsModel', () => {
  it('reads again only when the pilot changes', async () => {
    const kontor = new Kontor();
    const model = new DatasetsModel(kontor);
    await model.show('knee');
    await model.show('knee');
    await model.show('sepsis');
    expect(kontor.asked).toEqual(['datasets knee', 'datasets sepsis']);
    expect(model.known).toBe(true);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [4_500_000, '4.5 MB'],
    [99_960_000, '100 MB'],
    [999_600, '1.0 MB'],
    [1_200_000_000, '1.2 GB']
  ])('%d bytes read %s', (bytes, text) => expect(readableSize(bytes)).toBe(text));
});
