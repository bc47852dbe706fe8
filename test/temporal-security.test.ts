/** Temporal behind a door that wants a client certificate and an API key, as Temporal Cloud is: both of the SDK's connections get through, or say why not. */
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Config, loadConfig } from '../runtime/config';
import { connectClient, connectNative } from '../runtime/temporal';
import { temporalSecurity } from '../runtime/temporal-security';
import { startTestTemporal, type TestTemporal } from './support/temporal';

const at = (name: string) => join(__dirname, 'fixtures', 'tls', name);
let temporal: TestTemporal;
let door: Door;

/** Passes HTTP/2 on to a plain server; asks for a certificate of the test's authority and notes the credentials that come. */
class Door {
  readonly keys = new Set<string | undefined>();
  private constructor(
    private readonly server: Http2SecureServer,
    private readonly inside: ClientHttp2Session,
  ) {
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      this.keys.add(headers.authorization);
      const { ':authority': _authority, ':scheme': _scheme, ...rest } = headers;
      const request = inside.request(rest);
      request.on('response', (answer) => {
        stream.respond(answer, { waitForTrailers: true });
        let trailers = {};
        request.on('trailers', (told) => {
          trailers = told;
        });
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        request.pipe(stream);
      });
      stream.pipe(request);
      for (const end of [stream, request]) end.on('error', () => undefined);
      stream.on('close', () => request.close());
    });
    server.on('sessionError', () => undefined);
    inside.on('error', () => undefined);
  }

  static async open(to: string): Promise<Door> {
    const [key, cert, ca] = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(at(name)));
    const server = createSecureServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Door(server, connect(`http://${to}`));
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.inside.destroy();
    this.server.close();
  }
}

const TLS = {
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: at('ca.pem'),
  TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
  TEMPORAL_TLS_CLIENT_CERT_PATH: at('client.pem'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: at('client.key'),
};
const configOf = (env: Record<string, string>): Config => loadConfig({ TEMPORAL_ADDRESS: door.address, ...env }, '/');

beforeAll(async () => {
  temporal = await startTestTemporal();
  door = await Door.open(temporal.address);
});
afterAll(() => door?.close());

test('client and worker connect with a certificate and a key', async () => {
  const config = configOf({ ...TLS, TEMPORAL_API_KEY: 'tmprl-key', TEMPORAL_NAMESPACE: temporal.namespace });
  const client = await connectClient(config);
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: temporal.namespace });
  expect(namespaceInfo?.name).toBe(temporal.namespace);
  await client.connection.close();
  expect([...door.keys]).toEqual(['Bearer tmprl-key']);
  door.keys.clear();
  const native = await connectNative(config);
  await native.close();
  expect([...door.keys]).toEqual(['Bearer tmprl-key']);
});

test('without the certificate, or in plain text, Temporal does not answer, and the error names what to look at', async () => {
  const { TEMPORAL_TLS_CLIENT_CERT_PATH: _crt, TEMPORAL_TLS_CLIENT_KEY_PATH: _key, ...anonymous } = TLS;
  for (const env of [anonymous, {}]) {
    await expect(connectNative(configOf(env))).rejects.toMatchObject({
      code: 'PATTER_TEMPORAL_UNAVAILABLE',
      message: expect.stringContaining('TEMPORAL_TLS'),
    });
  }
});

test('TLS is on where anything needs it, and off where that is said', () => {
  const none = loadConfig({}, '/');
  expect(temporalSecurity(none)).toEqual({});
  expect(temporalSecurity({ ...none, TEMPORAL_TLS: true })).toEqual({ tls: true });
  expect(temporalSecurity({ ...none, TEMPORAL_API_KEY: 'k' })).toEqual({ tls: true, apiKey: 'k' });
  expect(temporalSecurity({ ...none, TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: false })).toEqual({ tls: false, apiKey: 'k' });
});

test.each([
  ['half a key pair', { TEMPORAL_TLS_CLIENT_CERT_PATH: at('client.pem') }, 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  [
    'a file that is not there',
    { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' },
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH: /nowhere/ca.pem',
  ],
])('%s is an error that names the variable', async (_, env, text) => {
  for (const connecting of [connectClient(configOf(env)), connectNative(configOf(env))]) {
    await expect(connecting).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID', message: expect.stringContaining(text) });
  }
});
