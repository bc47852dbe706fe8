import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openRecordingStorage, readStored, recordingKey, removeStored } from './storage';

const CALL = `call_${'a'.repeat(32)}_1`;
const KEY = recordingKey(CALL, 'RE1');
const never = new AbortController().signal;
const options = { contentType: 'audio/wav', signal: never };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'patter-storage-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const body = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });

/** Some bytes, and then an error. */
const broken = (chunk: string) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      if (chunk === '') throw new Error('connection reset');
      controller.enqueue(Buffer.from(chunk));
      chunk = '';
    },
  });

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

test("a carrier's id cannot lead out of the call's folder", () => {
  expect(recordingKey(CALL, '../../etc/passwd')).toBe(`${CALL}/.._.._etc_passwd.wav`);
});

describe('a folder', () => {
  const storage = () => openRecordingStorage({ PATTER_HOME: home, PATTER_RECORDINGS: undefined });

  test('keeps a file under its key, readable by its owner alone', async () => {
    const seen: number[] = [];
    const stored = await storage().put(KEY, body('hello ', 'world'), { ...options, progressed: (bytes) => seen.push(bytes) });
    const location = join(home, 'recordings', KEY);
    expect(stored).toEqual({ location, bytes: 11, sha256: sha256('hello world') });
    expect(readFileSync(location, 'utf8')).toBe('hello world');
    expect(statSync(location).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'recordings', CALL)).mode & 0o777).toBe(0o700);
    expect(seen).toEqual([6, 11]);
    expect(await text(await readStored(location, never))).toBe('hello world');
  });

  test('a second try takes the place of the first, and of what a killed one left', async () => {
    const folder = join(home, 'recordings', CALL);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'RE1.wav.0123.partial'), 'half');
    writeFileSync(join(folder, 'RE2.wav.0123.partial'), "another one's");
    await storage().put(KEY, body('first'), options);
    await storage().put(KEY, body('second'), options);
    expect(readdirSync(folder).sort()).toEqual(['RE1.wav', 'RE2.wav.0123.partial']);
    expect(readFileSync(join(folder, 'RE1.wav'), 'utf8')).toBe('second');
  });

  test('a download that breaks off leaves what was there', async () => {
    await storage().put(KEY, body('whole'), options);
    await expect(storage().put(KEY, broken('ha'), options)).rejects.toThrow('connection reset');
    const folder = join(home, 'recordings', CALL);
    expect(readdirSync(folder)).toEqual(['RE1.wav']);
    expect(readFileSync(join(folder, 'RE1.wav'), 'utf8')).toBe('whole');
  });

  test('removes the file and its empty folder; twice is once', async () => {
    const { location } = await storage().put(KEY, body('x'), options);
    await removeStored(location, never);
    await removeStored(location, never);
    await storage().remove(KEY, never);
    expect(existsSync(join(home, 'recordings', CALL))).toBe(false);
    await expect(readStored(location, never)).rejects.toMatchObject({ code: 'PATTER_CALL_NOT_FOUND' });
  });

  test('a folder that cannot be written is an error', async () => {
    if (process.getuid?.() === 0) return;
    chmodSync(home, 0o500);
    await expect(storage().put(KEY, body('x'), options)).rejects.toMatchObject({ code: 'EACCES' });
    chmodSync(home, 0o700);
  });
});

describe('a bucket', () => {
  const objects = new Map<string, { content: string; type: string | undefined; checksum: string | undefined }>();
  let server: Server;
  const ENV = ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'] as const;
  const before = Object.fromEntries(ENV.map((name) => [name, process.env[name]]));

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const key = decodeURIComponent(new URL(request.url ?? '', 'http://s3').pathname);
      switch (request.method) {
        case 'PUT': {
          const content = await text(request);
          const header = request.headers['x-amz-checksum-sha256'];
          objects.set(key, { content, type: request.headers['content-type'], checksum: header as string | undefined });
          return response.writeHead(200, { etag: '"1"' }).end();
        }
        case 'GET': {
          const object = objects.get(key);
          if (object) return response.writeHead(200, { 'content-length': Buffer.byteLength(object.content) }).end(object.content);
          return response
            .writeHead(404, { 'content-type': 'application/xml' })
            .end('<Error><Code>NoSuchKey</Code><Message>no</Message></Error>');
        }
        default:
          objects.delete(key);
          return response.writeHead(204).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'eu-central-1',
    });
  });
  afterAll(async () => {
    for (const name of ENV) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('takes a file in one PUT with its checksum, gives it back, and forgets it', async () => {
    const storage = openRecordingStorage({ PATTER_HOME: home, PATTER_RECORDINGS: 's3://talks/acme/' });
    const stored = await storage.put(KEY, body('hello ', 'world'), options);
    const location = `s3://talks/acme/${KEY}`;
    expect(stored).toEqual({ location, bytes: 11, sha256: sha256('hello world') });
    const path = `/talks/acme/${KEY}`;
    const checksum = createHash('sha256').update('hello world').digest('base64');
    expect(objects.get(path)).toEqual({ content: 'hello world', type: 'audio/wav', checksum });
    expect(await text(await readStored(location, never))).toBe('hello world');
    await removeStored(location, never);
    await removeStored(location, never);
    expect([...objects.keys()]).toEqual([]);
    await expect(readStored(location, never)).rejects.toMatchObject({ code: 'PATTER_CALL_NOT_FOUND' });
  });

  test('nothing is uploaded of a download that breaks off', async () => {
    const storage = openRecordingStorage({ PATTER_HOME: home, PATTER_RECORDINGS: 's3://talks' });
    await expect(storage.put(KEY, broken('ha'), options)).rejects.toThrow('connection reset');
    expect([...objects.keys()]).toEqual([]);
  });

  test('a name that is no bucket is told so', () => {
    const open = () => openRecordingStorage({ PATTER_HOME: home, PATTER_RECORDINGS: 's3://Not_A_Bucket/x' });
    expect(open).toThrow(expect.objectContaining({ code: 'PATTER_CONFIG_INVALID' }));
  });
});
