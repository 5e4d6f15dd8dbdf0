/** The process as an operator meets it: started by bin/opencbr, stopped by signals, wrong in words. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'opencbr-main-'))
const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

interface Started {
  readonly child: ChildProcess
  /** Everything said so far, on both streams. */
  readonly said: () => string
  readonly ended: Promise<number | null>
}

function start(...args: readonly string[]): Started {
  const program = join(import.meta.dirname, '..', 'bin', 'opencbr')
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += chunk))
  const ended = once(child, 'close').then(() => {
    children.delete(child)
    return child.exitCode
  })
  return { child, said: () => text, ended }
}

/** The URL once the process says that it listens. */
async function listening({ child, said }: Started): Promise<string> {
  for (;;) {
    const [, url] = /listening on (http:\/\/[\w.:[\]]+)/.exec(said()) ?? []
    if (url !== undefined) return url
    assert.equal(child.exitCode, null, said())
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const serve = (data: string, ...more: readonly string[]) =>
  start('serve', '--data', data, '--listen', '127.0.0.1:0', ...more)

async function fails(started: Started, code: number, words: RegExp): Promise<void> {
  assert.equal(await started.ended, code, started.said())
  assert.match(started.said().trimEnd(), words)
}

test('serve without a configuration makes one user, whose password lies beside the data', async () => {
  const service = serve('first')
  const url = await listening(service)
  const file = join(folder, 'first', 'admin-password')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const password = readFileSync(file, 'utf8').trim()
  assert.doesNotMatch(service.said(), new RegExp(password))
  const domain = { name: 'default' }
  const auth = {
    identity: { methods: ['password'], password: { user: { name: 'admin', domain, password } } },
    scope: { project: { name: 'default', domain } },
  }
  const session = await fetch(`${url}/identity/v3/auth/tokens`, { method: 'POST', body: JSON.stringify({ auth }) })
  assert.equal(session.status, 201)
  const { token } = (await session.json()) as { token: { project: { id: string } } }
  const headers = { 'x-auth-token': session.headers.get('x-subject-token') ?? '' }
  assert.equal((await fetch(`${url}/v3/${token.project.id}/vaults`, { headers })).status, 200)

  const second = serve('first')
  await fails(second, 1, /^opencbr: another process .*first.*$/)
  service.child.kill('SIGTERM')
  assert.equal(await service.ended, 0)
})

test('a port in use is one line and exit 1', async () => {
  const service = serve('port-1')
  const { host } = new URL(await listening(service))
  await fails(start('serve', '--data', 'port-2', '--listen', host), 1, /opencbr: cannot listen: .*EADDRINUSE.*$/)
  service.child.kill('SIGINT')
  assert.equal(await service.ended, 0)
})

test('SIGKILL leaves nothing that keeps the next start from serving', async () => {
  const killed = serve('kill')
  await listening(killed)
  killed.child.kill('SIGKILL')
  await killed.ended
  const again = serve('kill')
  await listening(again)
  again.child.kill('SIGTERM')
  assert.equal(await again.ended, 0)
})

test('mistakes in the configuration are all told, exit 2', async () => {
  writeFileSync(join(folder, 'bad.yaml'), 'regoin: x\nlisten: nowhere\n')
  await fails(
    start('serve', '--config', 'bad.yaml'),
    2,
    /^opencbr: regoin: .*'region'\nopencbr: listen: must be HOST:PORT.*$/,
  )
  await fails(start('serve', '--config', 'none.yaml'), 2, /^opencbr: none\.yaml: cannot be read \(ENOENT\)$/)
  await fails(serve('x', '--role', 'worker'), 2, /^opencbr: metadata\.url: --role worker needs .*postgres:\/\/$/)
})

test('a data directory that cannot be used is one line and exit 1', async () => {
  writeFileSync(join(folder, 'file'), '')
  await fails(serve('file'), 1, /^opencbr: the data directory .*file cannot be used \(ENOTDIR\)$/)
  await fails(serve('/proc/opencbr'), 1, /^opencbr: the data directory \/proc\/opencbr cannot be used \(ENOENT\)$/)
})

test('what the command line does not know is exit 2', async () => {
  await fails(start('sreve'), 2, /unknown command/)
  await fails(start('serve', '--prot', '1'), 2, /unknown option/)
})
