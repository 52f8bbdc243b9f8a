/** The section Pilots of a personal lab, and its sibling in a workspace. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IActions } from '../commands';
import { peopleHere } from '../pilots';
import { IPilot } from '../tokens';
import type { IViewProps } from './panel';
import { Button, Face, Faces } from './parts';

/** All pilots of the person, each with the people who are there and the way in. */
export function PilotsSection({ pilots, actions, trans }: IViewProps): JSX.Element {
  return (
    <section className="kontor-section" aria-labelledby="kontor-pilots-title">
      <h2 id="kontor-pilots-title">{trans.__('Pilots')}</h2>
      {pilots.pilots.length === 0 ? (
        <p>
          {trans.__('You are in no pilot yet. Ask the lead of a pilot to add you, or look at the lobby for what you can do until then.')}
        </p>
      ) : (
        <ul className="kontor-rows">
          {pilots.pilots.map(pilot => (
            <PilotRow key={pilot.slug} pilot={pilot} actions={actions} trans={trans} />
          ))}
        </ul>
      )}
      <LobbyLink url={pilots.connection?.lobby_url ?? null} actions={actions} trans={trans} />
    </section>
  );
}

function PilotRow(props: { pilot: IPilot; actions: IActions; trans: TranslationBundle }): JSX.Element {
  const { pilot, actions, trans } = props;
  const here = peopleHere(pilot);
  const reason = `kontor-why-${pilot.slug}`;
  return (
    <li className="kontor-row">
      <h3>{pilot.title}</h3>
      <p className="kontor-quiet">{[pilot.technique, roleWord(pilot.role, trans)].filter(Boolean).join(' · ')}</p>
      {here.length > 0 ? (
        <div className="kontor-line">
          <Faces people={here} label={trans.__('Here now')} trans={trans} />
          <span className="kontor-quiet">
            {here.length === 1 ? trans.__('%1 is here', here[0].display_name) : trans.__('%1 people are here', here.length)}
          </span>
        </div>
      ) : (
        <p className="kontor-quiet">{trans.__('Nobody is here now')}</p>
      )}
      <div className="kontor-line">
        <Button
          look="go"
          disabled={!pilot.may_open}
          aria-describedby={pilot.may_open ? undefined : reason}
          aria-label={trans.__('Open workspace of %1', pilot.title)}
          onClick={() => actions.openPage(pilot.open_url)}
        >
          {trans.__('Open workspace')}
        </Button>
      </div>
      {!pilot.may_open && (
        <p className="kontor-quiet" id={reason}>
          {pilot.why_not ?? trans.__('You may not open this workspace.')}
        </p>
      )}
    </li>
  );
}

/** In a workspace: its pilot, the people who are here, then the others. */
export function WorkspaceSection({ pilots, actions, trans }: IViewProps): JSX.Element {
  const pilot = pilots.current;
  const here = pilot ? peopleHere(pilot) : [];
  const others = pilot ? pilot.people.filter(person => !person.here) : [];
  return (
    <section className="kontor-section" aria-labelledby="kontor-pilots-title">
      <h2 id="kontor-pilots-title">{pilot?.title ?? trans.__('This workspace')}</h2>
      {pilot && <p className="kontor-quiet">{pilot.technique}</p>}
      {pilot && <p>{pilot.question}</p>}
      <h3>{trans.__('Here now')}</h3>
      {here.length === 0 && <p className="kontor-quiet">{trans.__('Nobody is here now.')}</p>}
      <ul className="kontor-names">
        {here.map(person => (
          <li key={person.name}>
            <Face person={person} label={trans.__('%1, here now', person.display_name)} />
            <span>
              {person.display_name}
              <span className="kontor-quiet">{[person.partner, person.country].filter(Boolean).join(', ')}</span>
            </span>
          </li>
        ))}
      </ul>
      {others.length > 0 && <h3>{trans.__('Also in this pilot')}</h3>}
      {others.length > 0 && <Faces people={others} label={trans.__('Also in this pilot')} trans={trans} />}
      <LobbyLink url={pilots.connection?.lobby_url ?? null} actions={actions} trans={trans} />
    </section>
  );
}

function LobbyLink(props: { url: string | null; actions: IActions; trans: TranslationBundle }): JSX.Element | null {
  const { url, actions, trans } = props;
  if (!url) {
    return null;
  }
  const open = (event: React.MouseEvent): void => {
    event.preventDefault();
    actions.openPage(url);
  };
  return (
    <p>
      <a href={url} target="_blank" rel="noopener noreferrer" onClick={open}>
        {trans.__('Open the lobby')}
      </a>
    </p>
  );
}

/** The role in a word; words that this version does not know are shown as they come. */
export function roleWord(role: string | null, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    viewer: trans.__('viewer'),
    reviewer: trans.__('reviewer'),
    runner: trans.__('runner'),
    editor: trans.__('editor'),
    lead: trans.__('lead'),
    steward: trans.__('steward')
  };
  return role ? (words[role] ?? role) : '';
}
