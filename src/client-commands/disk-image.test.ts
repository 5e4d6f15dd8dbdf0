/** Disks out and in, over lines that break and onto disks that are full; sessions, images, policies. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { alice, bob, DOMAIN, type Stage, setStage } from '../../test/clients/stage.ts'
import { type Environment, fails, json, opencbr } from '../../test/command-line.ts'

const MIB = 2 ** 20

let stage: Stage
/** Of the disk `db`, and of the server `web`. */
let [disk, server] = ['', '']
before(async () => {
  stage = await setStage()
  // Holes in the middle and at the end.
  const db = Buffer.concat([randomBytes(MIB), Buffer.alloc(MIB), randomBytes(700_000), Buffer.alloc(MIB)])
  writeFileSync(at('db.raw'), db)
  await json(as(alice), 'vault', 'create', 'disks', '--for', 'disk', '--size', '100', '--resource', 'db')
  await json(as(alice), 'vault', 'create', 'servers', '--size', '100', '--resource', 'web')
  disk = (await json(as(alice), 'backup', 'create', 'disks', '--name', 'db-1', '--wait')).backups[0].id
  server = (await json(as(alice), 'backup', 'create', 'servers', '--name', 'web-1', '--wait')).backups[0].id
})
after(() => stage[Symbol.asyncDispose]())

const at = (name: string): string => join(stage.folder, name)

const as = (account: typeof alice, more: Environment = {}): Environment => ({
  OS_AUTH_URL: stage.url,
  OS_USERNAME: account.user,
  OS_PASSWORD: account.password,
  OS_USER_DOMAIN_NAME: DOMAIN,
  OS_PROJECT_NAME: account.project,
  ...more,
})

const downloads = (): number => stage.calls.filter(({ operation }) => operation === 'DownloadDisk').length

/** What comes through it breaks off after so many bytes, in either direction. */
async function brittleLine(bytes: number): Promise<AsyncDisposable & { readonly url: string }> {
  const line = createServer(client => {
    const service = connect(Number(new URL(stage.url).port), '127.0.0.1')
    let passed = 0
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
      from.on('data', piece => {
        passed += piece.length
        to.write(piece)
        if (passed < bytes) return
        client.destroy()
        service.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(line, 'listening')
  const { port } = line.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void line.close() }
}

test('a disk becomes a raw file with its holes, and is what was backed up', async () => {
  const file = at('out.raw')
  const shown = await json(as(alice), 'backup', 'show', 'db-1')
  const got = await json(as(alice), 'backup', 'export', 'db-1', file)
  assert.equal(got.digest, shown.digest)
  assert.ok(readFileSync(file).equals(readFileSync(at('db.raw'))))
  assert.ok(statSync(file).blocks * 512 < statSync(file).size - MIB, 'holes are not written')
  assert.ok(!existsSync(`${file}.part`))
  await fails(as(alice), ['backup', 'export', 'db-1', file], 1, /out\.raw exists\n {2}next: say --force/)
  writeFileSync(file, 'something else')
  await json(as(alice), 'backup', 'export', 'db-1', file, '--force')
  assert.ok(readFileSync(file).equals(readFileSync(at('db.raw'))))
  await fails(as(alice), ['backup', 'export', 'db-1', at('nowhere/x')], 1, /ENOENT: no such file or directory/)
  await fails(as(alice), ['backup', 'export', 'web-1', at('y')], 2, /name one disk of the server with --disk: /)
  await fails(as(bob), ['backup', 'export', disk, at('y')], 1, /BackupService\.6200/)
})

test('a qcow2 file is held against the digest too', async () => {
  const got = await json(
    as(alice),
    'backup',
    'export',
    'web-1',
    at('out.qcow2'),
    '--format',
    'qcow2',
    '--disk',
    'web-root',
  )
  const { children } = await json(as(alice), 'backup', 'show', server)
  assert.equal(
    got.digest,
    children.find((child: { resource_name: string }) => child.resource_name === 'web-root').digest,
  )
  assert.equal(readFileSync(at('out.qcow2')).toString('latin1', 0, 4), 'QFI\xfb')
})

test('an export goes on where it ended, unless what is there is of another disk', async () => {
  const whole = readFileSync(at('db.raw'))
  writeFileSync(at('half.raw.part'), whole.subarray(0, 600_000))
  const before = downloads()
  await json(as(alice), 'backup', 'export', disk, at('half.raw'))
  assert.ok(readFileSync(at('half.raw')).equals(whole))
  assert.equal(downloads() - before, 2, 'its size, and the rest')
  writeFileSync(at('other.raw.part'), randomBytes(600_000))
  await json(as(alice), 'backup', 'export', disk, at('other.raw'))
  assert.ok(readFileSync(at('other.raw')).equals(whole))
  assert.equal(downloads() - before, 6, 'once more for the whole of it')
})

test('a line that breaks off is no reason to begin anew', async () => {
  await using line = await brittleLine(MIB)
  await json(as(alice, { OPENCBR_URL: line.url }), 'backup', 'export', disk, at('brittle.raw'))
  assert.ok(readFileSync(at('brittle.raw')).equals(readFileSync(at('db.raw'))))
})

test('where the space ends, what has come stays', async () => {
  const words = `ulimit -f 1024; exec "$@"`
  const program = [process.execPath, join(import.meta.dirname, '../../bin/opencbr')]
  const full = promisify(execFile)('bash', ['-c', words, '-', ...program, 'backup', 'export', disk, at('full.raw')], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...as(alice) },
  })
  await assert.rejects(full, (ended: { code: number; stderr: string }) => {
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /EFBIG: file too large.*\n {2}next: what has come is in .*full\.raw\.part; run it again/)
    return true
  })
  assert.ok(!existsSync(at('full.raw')))
  assert.ok(statSync(at('full.raw.part')).size >= MIB / 2)
  await json(as(alice), 'backup', 'export', disk, at('full.raw'))
  assert.ok(readFileSync(at('full.raw')).equals(readFileSync(at('db.raw'))))
})

test('a raw image becomes a backup, after a line that broke off too', async () => {
  const image = Buffer.concat([randomBytes(MIB), Buffer.alloc(MIB), randomBytes(512)])
  writeFileSync(at('my image.raw'), image)
  const words = ['backup', 'import', at('my image.raw'), '--vault', 'disks', '--wait']
  await using line = await brittleLine(300_000)
  const broken = await fails(
    as(alice, { OPENCBR_URL: line.url }),
    words,
    1,
    /does not answer.*\n {2}next: go on with .* --resume /,
  )
  const [, id = ''] = /--resume ([\w-]+)/.exec(broken) ?? []
  const { name, status, digest } = await json(as(alice), ...words, '--resume', id)
  assert.deepEqual([name, status], ['my-image.raw', 'available'])
  const got = await json(as(alice), 'backup', 'export', 'my-image.raw', at('again.raw'))
  assert.equal(got.digest, digest)
  assert.ok(readFileSync(at('again.raw')).equals(image))

  writeFileSync(at('longer.raw'), Buffer.alloc(MIB))
  const other = ['backup', 'import', at('longer.raw'), '--vault', 'servers']
  const refused = await fails(as(alice), other, 1, /BackupService\.6102.*\n {2}next: mend it, then .* --resume /)
  const [, kept = ''] = /--resume ([\w-]+)/.exec(refused) ?? []
  writeFileSync(at('longer.raw'), Buffer.alloc(2 * MIB))
  await fails(as(alice), [...other, '--resume', kept], 1, /longer\.raw has 2097152 bytes; the import .* is of 1048576/)
  await fails(as(alice), ['backup', 'import', at('nothing'), '--vault', 'disks'], 1, /ENOENT/)
})

test('an import goes on between two pieces by itself, and what was sent of another file is noticed', async () => {
  const image = randomBytes(17 * MIB)
  writeFileSync(at('large.raw'), image)
  const words = ['backup', 'import', at('large.raw'), '--vault', 'disks', '--wait']
  await using line = await brittleLine(16.5 * MIB)
  const { digest } = await json(as(alice, { OPENCBR_URL: line.url }), ...words)
  assert.match(digest, /^[0-9a-f]{64}$/)

  await json(as(alice, { XDG_CONFIG_HOME: at('alice') }), 'login')
  const { token } = JSON.parse(readFileSync(at('alice/opencbr/session.json'), 'utf8'))
  const imports = `${stage.url}/opencbr/v1/${alice.projectId}/imports`
  const headers = { 'x-auth-token': token, 'content-type': 'application/json' }
  const order = JSON.stringify({ name: 'mixed', format: 'raw', size_bytes: image.length })
  const begun = await fetch(imports, { method: 'POST', headers, body: order })
  const { import: mixed } = (await begun.json()) as { import: { id: string } }
  const piece = await fetch(`${imports}/${mixed.id}?offset=0`, { method: 'PATCH', headers, body: Buffer.alloc(MIB) })
  assert.equal(piece.status, 200)
  await fails(as(alice), [...words, '--resume', mixed.id], 1, /the backup is not what .*large\.raw holds now/)
})

test('a session is begun, listed, looked at and ended', async () => {
  const uri = await opencbr(as(alice), ['export', 'start', 'web-1', '--disk', 'web-data', '--overlay', '--uri'])
  assert.match(uri.out, /^nbd\+unix:\/\/\/[\w-]+\?socket=\S+\.sock\n$/)
  const remote = await json(as(alice), 'export', 'start', disk, '--tcp', '--trust', at('trust'), '--hours', '1')
  assert.match(remote.uri, /^nbds:\/\/127\.0\.0\.1:\d+\/.*\?tls-certificates=/)
  assert.match(readFileSync(at('trust/ca-cert.pem'), 'utf8'), /^-----BEGIN CERTIFICATE/)
  const [newest, first] = await json(as(alice), 'export', 'list')
  assert.deepEqual([newest.id, newest.listen, first.overlay], [remote.id, 'tcp', true])
  assert.deepEqual((await json(as(alice), 'export', 'list', '--backup', disk)).length, 1)
  assert.equal((await json(as(alice), 'export', 'show', first.id)).backup_id, first.backup_id)
  await fails(
    as(alice),
    ['backup', 'delete', disk],
    1,
    /BackupService\.6216, .*\n {2}next: see what uses it: opencbr export list/,
  )
  for (const { id } of [newest, first]) await json(as(alice), 'export', 'end', id)
  assert.deepEqual(await json(as(alice), 'export', 'list'), [])
  await fails(as(alice), ['export', 'end', first.id], 1, /BackupService\.6302/)
  await fails(as(alice), ['export', 'start', disk, '--trust', at('trust')], 2, /--trust goes with --tcp/)
})

test('an image of a server is made, downloaded and deleted', async () => {
  const image = await json(as(alice), 'image', 'create', 'web-1', '--name', 'golden')
  assert.equal(image.status, 'active')
  await json(as(alice), 'image', 'download', 'golden', at('golden.raw'))
  assert.ok(readFileSync(at('golden.raw')).equals(readFileSync(at('web-root.raw'))))
  await fails(as(alice), ['backup', 'delete', 'web-1'], 1, /BackupService\.6204, .*\n {2}next: see the images/)
  await json(as(alice), 'image', 'delete', 'golden')
  assert.deepEqual(await json(as(alice), 'image', 'list'), [])
  await fails(as(alice), ['image', 'show', image.id], 1, /Failed to find image/)
})

test('a policy is made, applied and taken away', async () => {
  await json(as(alice), 'policy', 'create', 'nightly', '--daily', '02:30', '--keep', '7')
  const [{ id }] = await json(as(alice), 'policy', 'attach', 'nightly', 'disks').then(() =>
    json(as(alice), 'policy', 'list'),
  )
  const shown = await opencbr(as(alice), ['policy', 'show', id])
  assert.match(shown.out, /keeps +7 backups\nwhen +FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=30\nvaults +[\w-]+\n/)
  await json(as(alice), 'policy', 'detach', 'nightly', 'disks')
  await json(as(alice), 'policy', 'delete', 'nightly')
  assert.deepEqual(await json(as(alice), 'policy', 'list'), [])
  await fails(as(alice), ['policy', 'create', 'x'], 2, /say when: --daily/)
  await fails(as(alice), ['policy', 'create', 'x', '--daily', '25:00'], 2, /it must be a time of day/)
})

test('verify tells what was read, and what is not as it was written', async () => {
  const { verification, disks } = await json(as(alice), 'backup', 'verify', 'web-1')
  assert.deepEqual([verification.status, verification.checked_chunks], ['success', verification.chunks])
  assert.equal(disks.length, 2)
  const some = await opencbr(as(alice), ['backup', 'verify', 'web-1', '--sample', '25%'])
  assert.match(
    some.out,
    /^\d+ of \d+ chunks read back, all as they were written\n\nDISK +OF +DIGEST\n(?:.+\n)?\S+ +web-root +[0-9a-f]{64}\n/,
  )
  await fails(as(alice), ['backup', 'verify', 'web-1', '--sample', '101'], 2, /it must be from 0 to 100/)
  const packs = globSync(at('data/store/**/packs/*/*'))
  for (const pack of packs) {
    const bytes = readFileSync(pack)
    for (let place = 1000; place < bytes.length - 5000; place += 100_000)
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
    writeFileSync(pack, bytes)
  }
  assert.ok(packs.length > 0)
  await fails(
    as(alice),
    ['backup', 'verify', 'web-1'],
    1,
    /is not as it was written: .*chunk \w+ in pack \w+.*\n {2}next: tell the operator/,
  )
})
