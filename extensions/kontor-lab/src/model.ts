/** What every model has: a signal, the last error as a sentence, and an end. */

import { ISignal, Signal } from '@lumino/signaling';

export class Model {
  /** The sentence of the last failure, or null after a success. */
  error: string | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  protected notify(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** Runs `work`, keeps its sentence if it fails, and always notifies. Returns whether it worked. */
  protected async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.error = null;
    } catch (reason) {
      this.error = sentence(reason);
    }
    this.notify();
    return this.error === null;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** What a person reads of a failure. */
export function sentence(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
