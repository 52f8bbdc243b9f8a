/**
 * The OpenID provider: oidc-provider with one client (the hub), the code flow with PKCE, and the claims on UserInfo.
 *
 * Every sign-in stands alone: the choose page comes each time, whoever was chosen before, and there is no consent
 * page, because the only client is Kontor itself.
 */
import { personaBySubject } from './people.mjs';
import { MemoryAdapter } from './memory.mjs';
import { message, nothingHere, viewFor } from './pages.mjs';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Scope -> claims, as at Life Science Login; `aarc` asks for all that AARC defines. */
const AARC = ['voperson_id', 'voperson_external_affiliation', 'schac_home_organization', 'eduperson_entitlement',
  'eduperson_assurance', 'eduperson_scoped_affiliation'];
const CLAIMS = {
  openid: ['sub'],
  profile: ['name', 'given_name', 'family_name'],
  email: ['email', 'email_verified'],
  aarc: AARC,
  ...Object.fromEntries(AARC.map((claim) => [claim, [claim]])),
};

/** oidc-provider greets older runtimes with a warning that has no switch; this issuer is tested on Node 20 and 24. */
async function loadLibrary() {
  const { warn } = console;
  console.warn = (...words) => (String(words[0]).includes('Unsupported runtime') ? undefined : warn(...words));
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

async function firstPartyGrant(ctx) {
  const { client, session, provider, requestParamScopes } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([...requestParamScopes].join(' '));
  await grant.save();
  return grant;
}

async function findAccount(ctx, subject) {
  const persona = personaBySubject(subject);
  return persona && { accountId: subject, claims: async () => persona.claims };
}

function client(config) {
  return {
    client_id: config.client_id,
    client_secret: config.client_secret,
    client_name: 'Kontor',
    redirect_uris: config.redirect_uris,
    post_logout_redirect_uris: config.logout_redirect === null ? [] : [config.logout_redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'RS256',
  };
}

function settings(config, keys, policy) {
  return {
    adapter: MemoryAdapter,
    clients: [client(config)],
    jwks: keys.jwks,
    cookies: { keys: keys.cookies },
    findAccount,
    claims: CLAIMS,
    scopes: ['openid'],
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_post'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    loadExistingGrant: firstPartyGrant,
    interactions: { policy, url: (ctx, interaction) => `/choose/${interaction.uid}` },
    ttl: { AccessToken: HOUR, AuthorizationCode: MINUTE, Grant: HOUR, IdToken: HOUR, Interaction: HOUR, Session: HOUR },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx) => { ctx.body = ''; }, postLogoutSuccessSource: (ctx) => { ctx.body = ''; } },
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = message(viewFor(config, ctx.get('cookie')), {
        title: 'This sign-in cannot go on',
        words: 'It may have been left open for too long, or begun in another tab. Go back to Kontor and sign in again.',
        detail: [out.error, out.error_description].filter(Boolean).join(': '),
      });
    },
  };
}

function pageForTheUnknown(config) {
  return async (ctx, next) => {
    await next();
    if (ctx.status !== 404 || ctx.body) return;
    ctx.type = 'html';
    ctx.body = nothingHere(viewFor(config, ctx.get('cookie')));
    ctx.status = 404;
  };
}

/** Neither the authorization request nor its continuation may see who was chosen before. */
async function forgetWhoWasHere(ctx, next) {
  if (ctx.path === '/auth' || ctx.path.startsWith('/auth/')) {
    const kept = (ctx.get('cookie') || '').split(/;\s*/).filter((cookie) => !/^_session(\.sig)?=/.test(cookie));
    ctx.req.headers.cookie = kept.join('; ');
  }
  await next();
}

/**
 * Leaving is one step: the provider checks the request (client, address to return to), then the session ends at once.
 * Its own "do you want to sign out?" page is never shown, for there is no other session that it could protect.
 */
function leaveAtOnce(provider, config) {
  return async (ctx, next) => {
    await next();
    if (ctx.path !== '/session/end' || ctx.status !== 200) return;
    const { session, params } = ctx.oidc;
    await session.destroy();
    for (const name of ['_session', '_session.sig']) ctx.cookies.set(name, null, { signed: false });
    const grants = Object.values(session.authorizations ?? {}).map(({ grantId }) => grantId);
    await Promise.all(grants.map((grantId) => provider.AccessToken.revokeByGrantId(grantId)));
    if (params.post_logout_redirect_uri) {
      const back = new URL(params.post_logout_redirect_uri);
      if (params.state !== undefined) back.searchParams.set('state', params.state);
      ctx.redirect(back.href);
      return;
    }
    ctx.type = 'html';
    ctx.body = message(viewFor(config, ctx.get('cookie')), {
      title: 'You have signed out', words: 'At your next sign-in you can choose anew who you are.',
    });
  };
}

/** The provider for this configuration; it always speaks of itself under the public address. */
export async function makeProvider(config, keys) {
  const { Provider, interactionPolicy } = await loadLibrary();
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const provider = new Provider(config.issuer, settings(config, keys, policy));
  provider.proxy = true;
  provider.use(pageForTheUnknown(config));
  provider.use(forgetWhoWasHere);
  provider.use(leaveAtOnce(provider, config));
  provider.on('server_error', (ctx, error) => console.error(`demo issuer: ${error.stack}`));
  return provider;
}
