/**
 * The command line with the programs that people use beside it.
 * Needs programs: qemu-img qemu-nbd nbdinfo script
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { alice, DOMAIN, type Stage, setStage } from '../../test/clients/stage.ts'
import { type Environment, json, opencbr } from '../../test/command-line.ts'

const run = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(program, args)).stdout

let stage: Stage
let environment: Environment
before(async () => {
  stage = await setStage()
  environment = {
    OS_AUTH_URL: stage.url,
    OS_USERNAME: alice.user,
    OS_PASSWORD: alice.password,
    OS_USER_DOMAIN_NAME: DOMAIN,
    OS_PROJECT_NAME: alice.project,
  }
  await json(environment, 'vault', 'create', 'disks', '--for', 'disk', '--size', '100', '--resource', 'db')
  await json(environment, 'backup', 'create', 'disks', '--name', 'db-1', '--wait')
})
after(() => stage[Symbol.asyncDispose]())

const at = (name: string): string => join(stage.folder, name)

test('the URI of a session is all that qemu-img and nbdinfo need', async () => {
  const { out } = await opencbr(environment, ['export', 'start', 'db-1', '--uri'])
  assert.match(await run('qemu-img', 'info', out.trim()), /virtual size: 2 MiB/)
  await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', out.trim(), at('db.raw'))
  const { uri } = await json(environment, 'export', 'start', 'db-1', '--tcp', '--trust', at('trust'))
  assert.equal(await run('nbdinfo', '--size', uri), '2097152\n')
  for (const { id } of await json(environment, 'export', 'list')) await json(environment, 'export', 'end', id)
  await assert.rejects(run('nbdinfo', '--size', uri))
})

test('an exported qcow2 is sound, and imported it is the same disk', async () => {
  const { digest } = await json(environment, 'backup', 'export', 'db-1', at('db.qcow2'), '--format', 'qcow2')
  assert.match(await run('qemu-img', 'check', at('db.qcow2')), /No errors were found/)
  await run('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', at('db.qcow2'), at('db.raw'))
  for (const [format, of] of [
    ['vmdk', 'vmdk'],
    ['vhdx', 'vhdx'],
    ['vpc', 'vhd'],
    ['qcow2', 'qcow2'],
  ] as const) {
    const more = format === 'vpc' ? ['-o', 'force_size=on,subformat=fixed'] : []
    await run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...more, at('db.raw'), at(`copy.${of}`))
    const imported = await json(environment, 'backup', 'import', at(`copy.${of}`), '--vault', 'disks', '--wait')
    assert.equal(imported.digest, digest, format)
  }
})

test('a password that is typed is shown nowhere', async () => {
  const words = `${process.execPath} bin/opencbr login --auth-url ${stage.url} --user alice --domain ${DOMAIN}`
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CONFIG_HOME: at('typed') }
  const terminal = spawn('script', ['-qec', words, '/dev/null'], { env, stdio: 'pipe' })
  let screen = ''
  terminal.stdout.on('data', text => {
    const asked = screen.includes('Password: ')
    screen += text
    if (!asked && screen.includes('Password: ')) terminal.stdin.write(`${alice.password}\r`)
  })
  assert.equal(await new Promise(resolve => terminal.once('close', resolve)), 0, screen)
  assert.match(screen, /user +alice of acme/)
  assert.ok(!screen.includes(alice.password))
  assert.equal(JSON.parse(readFileSync(at('typed/opencbr/session.json'), 'utf8')).user, 'alice')
})
