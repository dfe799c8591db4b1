// The lab's OAuth2 provider: npm oidc-provider, told what to be by the settings file it is given.
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { pathToFileURL } from 'node:url';

import { answerInteraction, interactionPath } from './interactions.mjs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const settings = read(process.argv[2]);
const { Provider, interactionPolicy } = await import(pathToFileURL(settings.oidc_provider));

// The port first, then the issuer that names it: nobody can take it in between.
const server = http.createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const issuer = `http://localhost:${server.address().port}`;

const mailbox = (account) => (account.includes('@') ? account : `${account}@${settings.domain}`);

const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);

const provider = new Provider(issuer, {
  clients: settings.clients,
  interactions: { policy, url: (ctx, interaction) => `${interactionPath}${interaction.uid}` },
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'smtp'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: mailbox(id), email_verified: true, name: id }),
  }),
  // what introspection tells Dovecot beyond RFC 7662
  extraTokenClaims: (ctx, token) => token.accountId && { email: mailbox(token.accountId) },
  rotateRefreshToken: settings.rotate,
  ttl: {
    // read again for each token: a test may let the next ones be short-lived
    AccessToken: () => read(settings.lifetimes).access_token,
    AuthorizationCode: 60, DeviceCode: 600, Grant: 86400, IdToken: 3600, Interaction: 600,
    RefreshToken: 86400, Session: 86400,
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, client, token) => client.clientId === 'dovecot'
        || client.clientId === token.clientId,
    },
    revocation: { enabled: true },
  },
  cookies: { keys: [settings.cookie_key] },
});

// oidc-provider varies the port of native clients' http redirects only; the callback over https
// needs it as well. Everything else must match to the letter, a slash at the end included.
const { redirectUriAllowed } = provider.Client.prototype;
provider.Client.prototype.redirectUriAllowed = function anyLoopbackPort(uri) {
  return redirectUriAllowed.call(this, uri)
    || this.redirectUris.includes(uri.replace(/^(https:\/\/localhost):\d+/, '$1'));
};

// What happened, for tests to read; never a token, a code or a secret.
const note = (event, details) => appendFileSync(
  settings.events,
  `${JSON.stringify({ event, ...details })}\n`,
);
provider.on('authorization.success', (ctx) => note('authorization.success', {
  client_id: ctx.oidc.client.clientId, redirect_uri: ctx.oidc.params.redirect_uri,
  scope: ctx.oidc.params.scope,
}));
provider.on('grant.success', (ctx) => note('grant.success', {
  client_id: ctx.oidc.client.clientId, grant_type: ctx.oidc.params.grant_type,
  scope: ctx.oidc.body.scope, path: ctx.req.asked,
}));
for (const event of ['authorization.error', 'grant.error', 'introspection.error', 'revocation.error', 'server_error']) {
  provider.on(event, (ctx, error) => {
    note(event, { error: error.error ?? error.name, description: error.error_description });
    if (event === 'server_error') console.error(error);
  });
}

// The same endpoints with a tenant in front, where Microsoft has them.
const withoutTenant = (url) => url
  .replace(/^\/[^/?]+\/oauth2\/v2\.0\/(authorize|token)\b/, (_, name) => (name === 'token' ? '/token' : '/auth'));

const answer = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith(interactionPath)) {
    answerInteraction(provider, request, response);
  } else {
    request.asked = request.url;
    request.url = withoutTenant(request.url);
    answer(request, response);
  }
});
console.log(`ready ${issuer}`);
