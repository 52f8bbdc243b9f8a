/** @jest-environment node */

import { ServerConnection } from '@jupyterlab/services';

import { KontorAPI, RequestError } from '../request';

interface IAsked {
  method: string;
  url: string;
  body: string;
}

/** An API whose server answers `status` and `body`, and what it was asked. */
function answering(status: number, body: string): { api: KontorAPI; asked: IAsked[] } {
  const asked: IAsked[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'https://lab.test/user/u/',
    fetch: async input => {
      const request = input as Request;
      asked.push({ method: request.method, url: request.url, body: await request.text() });
      return new Response(body || null, { status });
    }
  });
  return { api: new KontorAPI(settings), asked };
}

it('puts names into addresses so that they cannot leave their place', async () => {
  const { api, asked } = answering(200, '{"datasets": []}');
  expect(await api.datasets('../me?x')).toEqual([]);
  expect(asked[0].url).toMatch(/^https:\/\/lab\.test\/user\/u\/kontor\/api\/pilots\/\.\.%2Fme%3Fx\/datasets/);
});

it('sends the number of workers', async () => {
  const { api, asked } = answering(201, '{"name": "one"}');
  await api.startCluster('knee', 2);
  expect(asked[0]).toMatchObject({ method: 'POST', body: '{"workers":2}' });
});

it('takes an empty answer for done', async () => {
  const { api, asked } = answering(204, '');
  expect(await api.stopCluster('one')).toBeUndefined();
  expect(asked[0].method).toBe('DELETE');
});

it.each([
  ['the server half’s own sentence', 403, '{"error":{"code":"no","message":"You may not.","status":403}}', 'no', 'You may not.'],
  ['a page of a proxy', 502, '<html>Bad gateway</html>', 'unknown', 'error 502'],
  ['JSON of somebody else', 404, '{"message":"Not Found"}', 'unknown', 'error 404']
])('refuses with %s', async (_, status, body, code, message) => {
  const refused = await answering(status, body).api.pilots().catch(reason => reason);
  expect(refused).toBeInstanceOf(RequestError);
  expect(refused).toMatchObject({ code, status });
  expect(refused.message).toContain(message);
});

it('says so when the lab does not answer', async () => {
  const settings = ServerConnection.makeSettings({
    fetch: () => Promise.reject(new TypeError('Failed to fetch'))
  });
  await expect(new KontorAPI(settings).connection()).rejects.toMatchObject({ code: 'no_answer' });
});
