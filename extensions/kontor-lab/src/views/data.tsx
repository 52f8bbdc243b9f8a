/** The section Data: the data sets of the pilot, each with a cell that opens it. */

import * as React from 'react';

import { readableSize } from '../datasets';
import type { IViewProps } from './panel';
import { Button, Failure } from './parts';

export function DataSection({ datasets, actions, trans }: IViewProps): JSX.Element {
  return (
    <section className="kontor-section" aria-labelledby="kontor-data-title">
      <h2 id="kontor-data-title">{trans.__('Data')}</h2>
      {datasets.error && <Failure>{datasets.error}</Failure>}
      {!datasets.known && !datasets.error && <p className="kontor-quiet">{trans.__('Looking …')}</p>}
      {datasets.known && datasets.datasets.length === 0 && (
        <p className="kontor-quiet">{trans.__('This pilot has no data yet. Its lead can register some.')}</p>
      )}
      <ul className="kontor-rows">
        {datasets.datasets.map(dataset => (
          <li className="kontor-row" key={dataset.id}>
            <h3>{dataset.title}</h3>
            <p className="kontor-quiet">
              {[dataset.technique, dataset.format, readableSize(dataset.size)].filter(Boolean).join(' · ')}
            </p>
            <div className="kontor-line">
              <Button
                aria-label={trans.__('Insert a cell that opens %1', dataset.title)}
                onClick={() => actions.insertOpenCell(dataset.id)}
              >
                {trans.__('Insert open cell')}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
