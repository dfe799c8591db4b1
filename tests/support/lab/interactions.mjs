// The pages that a person sees at the lab's provider: sign in, and allow scope by scope.
export const interactionPath = '/interaction/';

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.codePointAt(0)};`);

const page = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8">
<title>${title}</title><h1>${title}</h1>${body}
<form id="cancel" method="post"><button name="step" value="cancel">Cancel</button></form></html>`;

const loginPage = ({ params }) => page('Sign in to the lab', `<form id="login" method="post">
<label>User <input name="login" value="${escaped(params.login_hint ?? '')}" required></label>
<label>Password <input name="password" type="password" required></label>
<button name="step" value="login">Sign in</button></form>`);

const tick = (scope) => `<li><label><input type="checkbox" name="scope" value="${escaped(scope)}"
checked> ${escaped(scope)}</label></li>`;

const consentPage = ({ params, prompt, session }) => page('Allow access?', `
<p>${escaped(params.client_id)} asks to act for ${escaped(session.accountId)}:</p>
<form id="consent" method="post"><ul>${(prompt.details.missingOIDCScope ?? []).map(tick).join('')}
</ul><button name="step" value="consent">Allow</button></form>`);

async function readForm(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body);
}

async function grantFor(provider, { grantId, params, prompt, session }, ticked) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  for (const scope of prompt.details.missingOIDCScope ?? []) {
    if (ticked.includes(scope)) grant.addOIDCScope(scope);
    else grant.rejectOIDCScope(scope);
  }
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  return grant.save();
}

async function resultOf(provider, details, form) {
  switch (form.get('step')) {
    case 'login':
      return { login: { accountId: form.get('login') }, select_account: {} };
    case 'consent':
      return { consent: { grantId: await grantFor(provider, details, form.getAll('scope')) } };
    default:
      return { error: 'access_denied', error_description: 'the person cancelled' };
  }
}

async function answerStep(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === 'POST') {
    const result = await resultOf(provider, details, await readForm(request));
    const mergeWithLastSubmission = Boolean(result.consent);
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
    return;
  }
  const html = details.prompt.name === 'consent' ? consentPage(details) : loginPage(details);
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(html);
}

export async function answerInteraction(provider, request, response) {
  try {
    await answerStep(provider, request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = error.statusCode ?? 500;
    response.end(page('The provider failed', `<p>${escaped(error.message)}</p>`));
  }
}
