/** The command line against a real service: what people type, and what they get. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createServer as createSecureServer } from 'node:tls'
import { promisify } from 'node:util'
import { alice, bob, DOMAIN, inventory, type Stage, setStage } from '../../test/clients/stage.ts'
import { type Environment, fails, json, opencbr } from '../../test/command-line.ts'
import { selfSigned } from '../nbd/self-signed.ts'

let stage: Stage
before(async () => {
  stage = await setStage()
})
after(() => stage[Symbol.asyncDispose]())

/** As scripts do it: nothing but the environment. */
const as = (account: typeof alice, more: Environment = {}): Environment => ({
  XDG_CONFIG_HOME: join(stage.folder, 'nobody'),
  OS_AUTH_URL: `${stage.url}/identity/v3`,
  OS_USERNAME: account.user,
  OS_PASSWORD: account.password,
  OS_USER_DOMAIN_NAME: DOMAIN,
  OS_PROJECT_NAME: account.project,
  ...more,
})

/** An address at which nobody listens any more. */
async function nobodyAt(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return `http://127.0.0.1:${port}`
}

const home = (name: string): Environment => ({ XDG_CONFIG_HOME: join(stage.folder, name) })

test('login keeps a token for its owner alone, project lists, logout ends it', async () => {
  const words = ['login', '--auth-url', stage.url, '--user', 'alice', '--domain', DOMAIN]
  const signedIn = await opencbr(home('alice'), words, `${alice.password}\n`)
  assert.equal(signedIn.code, 0, signedIn.err)
  assert.match(signedIn.out, /^user +alice of acme\nproject +alpha 0605767b5780d5762fc5c0118072a564\n/)
  const file = join(stage.folder, 'alice', 'opencbr', 'session.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const { token } = JSON.parse(readFileSync(file, 'utf8'))
  assert.doesNotMatch(readFileSync(file, 'utf8') + signedIn.out, new RegExp(alice.password))
  assert.deepEqual(await json(home('alice'), 'vault', 'list'), [])
  assert.deepEqual(
    (await json(home('alice'), 'project', 'list')).map(({ name }: { name: string }) => name),
    ['alpha'],
  )
  await json(home('alice'), 'project', 'use', 'alpha')
  await fails(home('alice'), ['project', 'use', 'beta'], 1, /there is no project beta\n {2}next: opencbr project list/)
  await fails(as(alice), ['project', 'use', 'alpha'], 2, /the environment says which project/)

  const byToken = { OS_AUTH_URL: stage.url, OS_TOKEN: token, ...home('nobody') }
  assert.deepEqual(await json(byToken, 'vault', 'list'), [])
  assert.match((await opencbr(home('alice'), ['logout'])).out, /^signed out$/m)
  await fails(home('alice'), ['vault', 'list'], 1, /nobody is signed in\n {2}next: sign in: opencbr login/)
})

test('who cannot sign in is told so, and never what exactly was wrong', async () => {
  const wrong = as(alice, { OS_PASSWORD: 'guess' })
  await fails(wrong, ['vault', 'list'], 1, /^opencbr: the user, the domain, the password or the project is not right\n/)
  await fails(wrong, ['login'], 1, /is not right\n/)
  await fails(as(alice, { OS_PROJECT_NAME: bob.project }), ['vault', 'list'], 1, /is not right\n/)
  await fails(home('nobody'), ['login', '--auth-url', stage.url], 2, /^opencbr: --user is missing$/m)
  await fails(
    as(alice, { OS_AUTH_URL: await nobodyAt() }),
    ['vault', 'list'],
    1,
    /127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED\)/,
  )
  await fails(as(alice, { OS_AUTH_URL: 'ftp://x/v3' }), ['vault', 'list'], 1, /is no http or https URL/)
})

test('a session that has ended, and a token that is none', async () => {
  await json(as(alice, home('old')), 'login')
  const file = join(stage.folder, 'old', 'opencbr', 'session.json')
  const session = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...session, token: 'stolen' }))
  const refused = await fails(
    home('old'),
    ['vault', 'list'],
    1,
    /\n {2}OpenCBR\.0401, request [\w-]+\n {2}next: sign in again/,
  )
  assert.doesNotMatch(refused, /stolen/)
  writeFileSync(file, JSON.stringify({ ...session, expiresAt: '2020-01-01T00:00:00Z' }))
  await fails(
    home('old'),
    ['vault', 'list'],
    1,
    /the session of alice ended at 2020-01-01T00:00:00Z\n {2}next: sign in/,
  )
  writeFileSync(file, 'x')
  await fails(home('old'), ['vault', 'list'], 1, /session\.json is damaged\n {2}next: sign in again/)
})

test('a backup is taken, shared, accepted, given back and deleted', async () => {
  const [hers, his] = [as(alice), as(bob)]
  await json(hers, 'vault', 'create', 'disks', '--for', 'disk', '--size', '100', '--resource', 'db')
  assert.match(
    (await opencbr(hers, ['vault', 'list'])).out,
    /^ID +NAME +TYPE +STATUS +SIZE GB +USED MB +RESOURCES\n\S+ +disks +disk +available +100 +0 +1$/m,
  )
  await json(hers, 'vault', 'add-resource', 'disks', inventory.otherDisk)
  const taken = await json(hers, 'checkpoint', 'create', 'disks', '--resource', 'db', '--name', 'nightly', '--wait')
  assert.deepEqual(
    taken.backups.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`),
    ['nightly available'],
  )
  const [{ id, digest }] = taken.backups
  assert.match(digest, /^[0-9a-f]{64}$/)
  assert.equal((await json(hers, 'checkpoint', 'show', taken.id)).id, taken.id)
  assert.equal((await json(hers, 'task', 'list', '--watch')).at(0).status, 'success')

  const shared = await json(hers, 'share', 'add', 'nightly', `${DOMAIN}/beta`)
  assert.deepEqual([shared.count, shared.members[0].dest_project_id], [1, bob.projectId])
  await fails(hers, ['share', 'add', id, 'beta'], 1, /\n {2}BackupService\.6703, request .+\n {2}next: .*share list/)
  const told = await opencbr(hers, ['share', 'add', id, 'beta', '--output', 'json'])
  assert.equal(JSON.parse(told.err).error_code, 'BackupService.6703')
  await fails(hers, ['share', 'add', id, 'nobody'], 1, /there is no project nobody in the domain acme/)

  assert.match((await opencbr(his, ['share', 'list'])).out, new RegExp(`^pending +${id} +nightly +db +disk`, 'm'))
  await json(his, 'vault', 'create', 'received', '--for', 'disk', '--size', '100')
  await json(his, 'share', 'accept', 'nightly', '--vault', 'received')
  assert.equal((await json(his, 'backup', 'show', id)).digest, digest)
  assert.equal((await json(hers, 'share', 'list', id))[0].status, 'accepted')
  await fails(his, ['backup', 'restore', id], 1, /BackupService\.2003/)
  await json(hers, 'share', 'remove', id, 'beta')
  await fails(his, ['backup', 'show', id], 1, /BackupService\.6200/)

  writeFileSync(join(stage.folder, 'db.raw'), Buffer.alloc(statSync(join(stage.folder, 'db.raw')).size))
  const restored = await json(hers, 'backup', 'restore', id, '--wait')
  assert.equal(restored.status, 'success')
  assert.ok(readFileSync(join(stage.folder, 'db.raw')).some(byte => byte !== 0))
  assert.equal((await json(hers, 'task', 'show', restored.id, '--wait')).operation_type, 'restore')
  await json(hers, 'backup', 'delete', id, '--wait')
  assert.deepEqual(await json(hers, 'backup', 'list', '--vault', 'disks'), [])
  await json(hers, 'vault', 'remove-resource', 'disks', 'db')
  await json(hers, 'vault', 'delete', 'disks')
})

test('a server is backed up, shared and turned down', async () => {
  const [hers, his] = [as(alice), as(bob)]
  const servers = await json(hers, 'server', 'list')
  assert.deepEqual(
    servers.map(({ id }: { id: string }) => id),
    [inventory.server],
  )
  assert.equal((await json(hers, 'disk', 'list')).length, 4)
  await json(hers, 'vault', 'create', 'servers', '--size', '100', '--resource', 'web')
  const { backups } = await json(hers, 'backup', 'create', 'servers', '--wait')
  const shown = await opencbr(hers, ['backup', 'show', backups[0].id])
  assert.match(shown.out, /^DISK +OF +SIZE GB +DIGEST\n(?:.+\n)?.+web-root +1 +[0-9a-f]{64}\n/m)
  await json(hers, 'share', 'add', backups[0].id, bob.projectId)
  await json(his, 'share', 'reject', backups[0].id)
  assert.deepEqual(await json(his, 'share', 'list'), [])
  assert.equal((await json(hers, 'backup', 'restore', backups[0].id, '--wait')).status, 'success')
  await fails(hers, ['vault', 'show', 'nowhere'], 1, /there is no vault nowhere\n {2}next: opencbr vault list/)
})

test('a wrong command line is 2, help is 0', async () => {
  await fails(as(alice), ['vault', 'create', 'x'], 2, /required option '--size <gb>' not specified/)
  await fails(as(alice), ['vault', 'create', 'x', '--size', 'much'], 2, /it must be a whole number/)
  await fails(as(alice), ['vault', 'lisst'], 2, /unknown command/)
  await fails(as(alice), ['vault', 'list', '--output', 'xml'], 2, /Allowed choices are table, json/)
  const help = await opencbr(home('nobody'), ['--help'])
  assert.equal(help.code, 0)
  for (const name of ['serve', 'store', 'login', 'vault', 'backup', 'share'])
    assert.match(help.out, new RegExp(`^ +${name} `, 'm'))
})

test('a service behind an authority of its own', async () => {
  const { certificate, key } = selfSigned('127.0.0.1', new Date())
  writeFileSync(join(stage.folder, 'ca.pem'), certificate)
  const front = createSecureServer({ cert: certificate, key }, client => {
    const service = connect(Number(new URL(stage.url).port), '127.0.0.1')
    client
      .on('error', () => service.destroy())
      .pipe(service)
      .pipe(client)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  const url = `https://127.0.0.1:${(front.address() as AddressInfo).port}`
  const behind = as(alice, { OS_AUTH_URL: url, OPENCBR_URL: url })
  await fails(behind, ['vault', 'list'], 1, /does not answer \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
  await json({ ...behind, OS_CACERT: join(stage.folder, 'ca.pem') }, 'vault', 'list')
  await fails({ ...behind, OS_CACERT: join(stage.folder, 'none.pem') }, ['vault', 'list'], 1, /ENOENT.*none\.pem/)
  front.close()
})

test('a shell completes nouns, verbs and options', async () => {
  const { out } = await opencbr(home('nobody'), ['completion', 'bash'])
  const ask = 'complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _opencbr; echo "$' + '{COMPREPLY[*]}"; }'
  const cases = ['opencbr va', "opencbr share ''", 'opencbr backup export x --fo', 'opencbr login --user x --do']
  const script = [out, ask, ...cases.map(words => `complete_words ${words}`)].join('\n')
  const { stdout } = await promisify(execFile)('bash', ['-c', script])
  assert.deepEqual(stdout.split('\n'), ['vault', 'add list accept reject remove', '--format --force', '--domain', ''])
})

test('what other people called their things moves no cursor', async () => {
  const refused = await fails(as(alice), ['vault', 'show', '\u001b[2Jx'], 1, /there is no vault \\u\{1b\}\[2Jx/)
  assert.ok(!refused.includes('\u001b'))
})
