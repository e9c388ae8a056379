/**
 * nginx to curl over HTTPS, for scale: one reads a file and the other writes it, both in C, and nothing is verified on
 * the way.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Driven, startDriven } from './driven.ts';
import { freePort, listenSilently } from './ports.ts';
import type { Arrival, Found, Job, Leecher, Session } from './system.ts';
import { versionOf } from './versions.ts';

/** It makes them all, whether it needs them or not, and by default where only root may. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
const TRIES = 250;
const TRY_EVERY_MS = 20;

export async function findNginxCurl(): Promise<Found> {
  const nginx = await versionOf('nginx', '-v');
  const curl = await versionOf('curl', '--version');
  const openssl = await versionOf('openssl', 'version');
  return nginx === undefined || curl === undefined || openssl === undefined
    ? { missing: 'nginx to curl (apt-get install nginx-light curl openssl)' }
    : { system: { name: 'nginx to curl', version: `${nginx}, ${curl}`, open } };
}

/** One seeder and one leecher, on loopback. */
async function open({ source, folder, lab }: Job): Promise<Session> {
  await using cleanup = new AsyncDisposableStack();
  const [place] = lab.seeders;
  if (place === undefined) throw new RangeError('There is no place for nginx');
  const port = await freePort();
  const configuration = await configure(folder, dirname(source.path), port);
  const command = ['-e', 'stderr', '-p', folder, '-c', configuration];
  const nginx = cleanup.use(startDriven({ name: 'nginx', place, command: 'nginx', args: command }));
  const url = `https://127.0.0.1:${port}/${source.name}`;
  await waitFor(url);
  const silent = cleanup.use(await listenSilently());
  const leechers = lab.leechers.map((at): Leecher => {
    // Started, and waiting for what it is to do.
    const args = ['--silent', '--show-error', '--insecure', '--config', '-'];
    const curl = startDriven({ name: 'curl', place: at, command: 'curl', args, reportsOn: 'stderr' });
    cleanup.use(curl);
    return { process: curl, download: () => fetchWith(curl) };
  });
  const fetchWith = async (curl: Driven): Promise<Arrival> => {
    const path = join(folder, 'downloaded.bin');
    curl.send(`url = "${url}"\noutput = "${path}"\nwrite-out = "%{stderr}{\\"type\\":\\"finished\\"}\\n"`);
    // A second address, of which nothing ever comes, keeps it alive: what it used can be read then.
    curl.send(`url = "http://127.0.0.1:${silent.port}/"\noutput = "/dev/null"`);
    curl.endInput();
    await curl.take(({ type }) => type === 'finished');
    return { path };
  };
  const running = cleanup.move();
  return { seeders: [nginx], leechers, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function configure(folder: string, root: string, port: number): Promise<string> {
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const out = ['-keyout', key, '-out', certificate];
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, ...out]);
  const path = join(folder, 'nginx.conf');
  // One process, so that all that it uses can be read.
  await writeFile(
    path,
    `daemon off; master_process off; pid ${folder}/nginx.pid; events {}
http {
  access_log off; sendfile on; tcp_nopush on;
  ${TEMPORARY.map((name) => `${name}_temp_path ${join(folder, name)};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl; ssl_protocols TLSv1.3;
    ssl_certificate ${certificate}; ssl_certificate_key ${key};
    location / { root ${root}; }
  }
}
`,
  );
  return path;
}

/** Until nginx answers. */
async function waitFor(url: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await promisify(execFile)('curl', ['--silent', '--fail', '--insecure', '--head', url]);
      return;
    } catch (error) {
      if (tries === TRIES) throw new Error('nginx does not answer', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}
