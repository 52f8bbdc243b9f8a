/** Model of the data sets of one pilot. */

import { Model } from './model';
import { IDataset, IKontorAPI } from './tokens';

export class DatasetsModel extends Model {
  datasets: readonly IDataset[] = [];
  /** Whether the list of this pilot has been read at least once. */
  known = false;

  constructor(private readonly api: IKontorAPI) {
    super();
  }

  get pilot(): string | null {
    return this._pilot;
  }

  /** Changes the pilot; null means none. Reads only when the pilot changed, for the register changes rarely. */
  async show(pilot: string | null): Promise<void> {
    if (pilot === this._pilot) {
      return;
    }
    this._pilot = pilot;
    this.datasets = [];
    this.known = false;
    this.error = null;
    this.notify();
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const pilot = this._pilot;
    if (pilot === null) {
      return;
    }
    await this.attempt(async () => {
      const datasets = await this.api.datasets(pilot);
      if (pilot === this._pilot) {
        this.datasets = datasets;
        this.known = true;
      }
    });
  }

  private _pilot: string | null = null;
}

/** A size as people read it: "27 B", "3.4 MB". Decimal units, as file managers show them. */
export function readableSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
