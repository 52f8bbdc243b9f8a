/** Small pieces that several sections use. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IPerson } from '../tokens';

/** A failure as a sentence; read out by screen readers when it appears. */
export function Failure({ children }: { children: React.ReactNode }): JSX.Element {
  return (
    <p className="kontor-failure" role="alert">
      {children}
    </p>
  );
}

/** The faces of people: initials in a circle. The accessible label is the name, and who is here. */
export function Faces(props: { people: readonly IPerson[]; label: string; trans: TranslationBundle }): JSX.Element {
  const { people, label, trans } = props;
  return (
    <ul className="kontor-faces" aria-label={label}>
      {people.map(person => {
        const name = person.here ? trans.__('%1, here now', person.display_name) : person.display_name;
        return (
          <li key={person.name}>
            <Face person={person} label={name} />
          </li>
        );
      })}
    </ul>
  );
}

export function Face({ person, label }: { person: IPerson; label: string }): JSX.Element {
  return (
    <span
      className={person.here ? 'kontor-face kontor-here' : 'kontor-face'}
      style={{ backgroundColor: person.color }}
      role="img"
      aria-label={label}
      title={[label, person.partner].filter(Boolean).join(' · ')}
    >
      {person.initials}
    </span>
  );
}

export interface IButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'go' | 'plain' | 'warn';
}

export function Button({ look = 'plain', className, ...rest }: IButtonProps): JSX.Element {
  return <button type="button" className={`kontor-button kontor-${look} ${className ?? ''}`.trim()} {...rest} />;
}
