// An OpenID provider that others wrote, with one public app: `node identity.mjs PORT AUDIENCE`. Anybody may sign in, by any name.
import Provider from 'oidc-provider';

const [port, audience] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'app',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // A signed JWT for the backend, as Keycloak, Auth0 and others issue it.
      getResourceServerInfo: () => ({ scope: 'buy', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      useGrantedResource: () => true,
    },
  },
});

provider.listen(Number(port), '127.0.0.1', () => console.log(`Identity at ${issuer}`));
