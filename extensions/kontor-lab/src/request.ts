/** The only file that knows the addresses of the server half. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator, TranslationBundle } from '@jupyterlab/translation';

import { IClusterList, IConnection, IDataset, IKontorAPI, IPilot } from './tokens';

/** A refusal of the server half; `message` is a sentence for the person, `code` a stable word for programs. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number
  ) {
    super(message);
  }
}

/** The server half over HTTP. */
export class KontorAPI implements IKontorAPI {
  constructor(
    private readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings(),
    private readonly trans: TranslationBundle = nullTranslator.load('kontor')
  ) {}

  connection(): Promise<IConnection> {
    return this.call('GET', ['connection']);
  }

  async pilots(): Promise<IPilot[]> {
    return (await this.call<{ pilots: IPilot[] }>('GET', ['pilots'])).pilots;
  }

  async datasets(pilot: string): Promise<IDataset[]> {
    return (await this.call<{ datasets: IDataset[] }>('GET', ['pilots', pilot, 'datasets'])).datasets;
  }

  clusters(pilot: string): Promise<IClusterList> {
    return this.call('GET', ['pilots', pilot, 'clusters']);
  }

  startCluster(pilot: string, workers: number): Promise<void> {
    return this.call('POST', ['pilots', pilot, 'clusters'], { workers });
  }

  scaleCluster(name: string, workers: number): Promise<void> {
    return this.call('PATCH', ['clusters', name], { workers });
  }

  stopCluster(name: string): Promise<void> {
    return this.call('DELETE', ['clusters', name]);
  }

  private async call<T>(method: string, parts: string[], body?: object): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'kontor/api', ...parts.map(encodeURIComponent));
    const init: RequestInit = { method, ...(body ? { body: JSON.stringify(body) } : {}) };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      const message = this.trans.__('Your lab does not answer. Check your network, then try again.');
      throw new RequestError(message, 'no_answer', 0);
    }
    const text = await response.text();
    if (!response.ok) {
      throw this.refusal(response.status, text);
    }
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private refusal(status: number, text: string): RequestError {
    try {
      const { code, message } = JSON.parse(text).error;
      if (typeof message === 'string' && message) {
        return new RequestError(message, String(code), status);
      }
    } catch {
      // Not the server half's own words, for example a proxy's page.
    }
    const message = this.trans.__('Your lab answered with error %1. Reload the page; if it stays, tell us.', status);
    return new RequestError(message, 'unknown', status);
  }
}
