/** Instant access on a whole house: who may, what holds the backup, and what ends a session. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { type SharedBackup, shareBackup, until } from '../../test/shared-backup.ts'
import { connectNbd, type NbdClient } from '../adapters/disks/nbd-client.ts'
import { diskContexts } from '../adapters/disks/nbd-disk.ts'
import { nbdAddress } from '../adapters/disks/nbd-uri.ts'
import { createExport } from '../control/export/create-export.ts'
import type { ProjectCaller } from '../control/use-case.ts'
import { openExportDoor } from '../nbd/open-export-door.ts'

const exportsOf = (backupId: string): string => `/opencbr/v1/{project_id}/backups/${backupId}/exports`
const one = (id: string): string => `/opencbr/v1/{project_id}/exports/${id}`

async function begun(house: TestHouse, by: Person, backupId: string, more: object = {}) {
  const { status, body } = await house.call(by, 'POST', exportsOf(backupId), { listen: 'unix', ...more })
  assert.equal(status, 201, JSON.stringify(body))
  return body.export
}

const opened = (uri: string): Promise<NbdClient> => connectNbd(nbdAddress(uri), { contexts: diskContexts })

async function firstBytes(client: NbdClient): Promise<Buffer> {
  const bytes = Buffer.alloc(4096)
  await client.read(bytes, 0)
  return bytes
}

const codeOf = ({ status, body }: Answer) => [status, body.error_code]
const usesOf = async ({ ports }: TestHouse, { backupId }: SharedBackup) =>
  (await ports.catalog.read(({ backups }) => backups.find(backupId)))?.uses

test('owner and recipient read the same disk, each through a session of their own', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  const [root] = shared.disks
  const disk = await readFile(house.diskFiles[0])
  const sessions = []
  for (const who of ['alice', 'bob'] as const) {
    const session = await begun(house, who, root)
    sessions.push(session)
    assert.equal(session.size_bytes, disk.length)
    assert.equal(session.backup_id, root)
    await using client = await opened(session.uri)
    assert.equal(client.export.readOnly, true)
    const bytes = Buffer.alloc(disk.length)
    await client.read(bytes, 0)
    assert.ok(bytes.equals(disk))
    const { uri: _uri, name: _name, ...shown } = session
    assert.deepEqual((await house.call(who, 'GET', one(session.id))).body, { export: shown }, 'the way in is told once')
    const list = await house.call(who, 'GET', `/opencbr/v1/{project_id}/exports?backup_id=${root}`)
    assert.deepEqual(list.body, { exports: [shown], count: 1 })
  }
  assert.equal(await usesOf(house, shared), 2)
  const [own, bobs] = sessions
  assert.deepEqual(codeOf(await house.call('bob', 'GET', one(own.id))), [404, 'BackupService.6302'])
  assert.deepEqual(codeOf(await house.call('bob', 'DELETE', one(own.id))), [404, 'BackupService.6302'])
  const socket = nbdAddress(bobs.uri).at
  assert.ok('path' in socket)
  assert.equal((await stat(socket.path)).mode & 0o777, 0o600)
  await using client = await opened(bobs.uri)
  assert.equal((await house.call('bob', 'DELETE', one(bobs.id))).status, 204)
  await assert.rejects(firstBytes(client))
  await assert.rejects(stat(socket.path))
  assert.deepEqual(codeOf(await house.call('bob', 'GET', one(bobs.id))), [404, 'BackupService.6302'])
  assert.equal(await usesOf(house, shared), 1)
})

test('who may not restore may not export; what is not theirs does not exist', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  const [root] = shared.disks
  for (const [method, path] of [
    ['POST', exportsOf(root)],
    ['GET', '/opencbr/v1/{project_id}/exports'],
    ['GET', `/opencbr/v1/{project_id}/backups/${root}/disk`],
  ] as const) {
    assert.equal(
      (await house.call('rita', method, path, method === 'POST' ? { listen: 'unix' } : undefined)).status,
      403,
    )
  }
  const carols = await house.call('carol', 'POST', exportsOf(root), { listen: 'unix' })
  assert.deepEqual(codeOf(carols), [404, 'BackupService.6200'])
  const foreign = exportsOf(root).replace('{project_id}', projects.alpha)
  assert.equal((await house.call('bob', 'POST', foreign, { listen: 'unix' })).status, 403)
  assert.deepEqual(codeOf(await house.call('carol', 'GET', `/opencbr/v1/{project_id}/backups/${root}/disk`)), [
    404,
    'BackupService.6200',
  ])
})

test('a share has to be accepted', async () => {
  await using house = await openHouse()
  const { backupId, disks } = await shareBackup(house)
  await house.call('alice', 'POST', `/v3/{project_id}/backups/${backupId}/members`, { members: [projects.gamma] })
  const pending = await house.call('carol', 'POST', exportsOf(disks[0]), { listen: 'unix' })
  assert.deepEqual(codeOf(pending), [400, 'BackupService.2005'])
  const download = await house.call('carol', 'GET', `/opencbr/v1/{project_id}/backups/${disks[0]}/disk`)
  assert.deepEqual(codeOf(download), [400, 'BackupService.2005'])
})

test('bodies that mean nothing are refused, and open nothing', async () => {
  await using house = await openHouse()
  const { backupId, disks } = await shareBackup(house)
  for (const body of [
    undefined,
    '[]',
    'x',
    {},
    { listen: 'tls' },
    { listen: 'unix', overlay: 'yes' },
    { listen: 'unix', expires_in: 5 },
    { listen: 'unix', expires_in: 60.5 },
    { listen: 'unix', expires_in: '60' },
    { listen: 'unix', expires_in: 7 * 86_400 + 1 },
  ])
    assert.deepEqual(codeOf(await house.call('alice', 'POST', exportsOf(disks[0]), body)), [400, 'BackupService.9900'])
  const server = await house.call('alice', 'POST', exportsOf(backupId), { listen: 'unix' })
  assert.deepEqual(codeOf(server), [400, 'BackupService.9900'])
  for (const id of ['x', '../x', '00000000-0000-0000-0000-000000000000'])
    assert.equal((await house.call('alice', 'POST', exportsOf(encodeURIComponent(id)), { listen: 'unix' })).status, 404)
  assert.deepEqual((await house.call('alice', 'GET', '/opencbr/v1/{project_id}/exports')).body, {
    exports: [],
    count: 0,
  })
  assert.deepEqual(await readdir(join(house.config.dataDir, 'exports')), [])
})

test('a project has at most 16 sessions, however they come', async () => {
  await using house = await openHouse()
  const { disks } = await shareBackup(house)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => house.call('alice', 'POST', exportsOf(disks[0]), { listen: 'unix' })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [
    ...Array.from({ length: 16 }, () => 201),
    ...Array.from({ length: 4 }, () => 400),
  ])
  assert.equal((await readdir(join(house.config.dataDir, 'exports'))).length, 16, 'the refused ones left no socket')
})

test('a session keeps the backup from being deleted; a revoked share ends it at the next request', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  const { backupId, disks } = shared
  const session = await begun(house, 'bob', disks[1])
  await using client = await opened(session.uri)
  await firstBytes(client)
  const early = await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${backupId}`)
  assert.deepEqual(codeOf(early), [400, 'BackupService.6216'])
  const member = `/v3/{project_id}/backups/${backupId}/members/${projects.beta}`
  assert.equal((await house.call('alice', 'DELETE', member)).status, 204)
  await assert.rejects(firstBytes(client), 'not one byte more')
  await until(async () => ((await usesOf(house, shared)) === 0 ? true : undefined))
  assert.deepEqual((await house.call('bob', 'GET', '/opencbr/v1/{project_id}/exports')).body, { exports: [], count: 0 })
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${backupId}`)).status, 204)
})

test('a session ends when its time is over', async () => {
  let late = 0
  await using house = await openHouse({ now: () => new Date(Date.now() + late) })
  const shared = await shareBackup(house)
  const session = await begun(house, 'alice', shared.disks[0], { expires_in: 60 })
  await using client = await opened(session.uri)
  await firstBytes(client)
  late = 61_000
  await until(async () => ((await usesOf(house, shared)) === 0 ? true : undefined))
  await assert.rejects(firstBytes(client))
})

test('what one client writes the others of the session see, and nobody else', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  const session = await begun(house, 'bob', shared.disks[0], { overlay: true })
  await using writer = await opened(session.uri)
  await using reader = await opened(session.uri)
  const text = Buffer.from('written into the overlay')
  await writer.write(text, 70_000)
  await writer.zero(0, 65_536)
  await writer.flush()
  const found = Buffer.alloc(text.length)
  await reader.read(found, 70_000)
  assert.deepEqual(found, text)
  assert.deepEqual(await firstBytes(reader), Buffer.alloc(4096))
  const other = await begun(house, 'alice', shared.disks[0])
  await using untouched = await opened(other.uri)
  const disk = await readFile(house.diskFiles[0])
  assert.deepEqual(await firstBytes(untouched), disk.subarray(0, 4096))
  await assert.rejects(untouched.write(text, 0), /EPERM/)
  assert.deepEqual(await readdir(join(house.config.dataDir, 'overlays')), [], 'nothing to clear up')
})

test('over TCP nothing is said in the clear', async () => {
  await using house = await openHouse()
  const { disks } = await shareBackup(house)
  const session = await begun(house, 'bob', disks[0], { listen: 'tcp' })
  const [, host = '', port = '', name = ''] = /^nbds:\/\/(.*):(\d+)\/([\w-]{32})$/.exec(session.uri) ?? []
  assert.equal(name, session.name)
  assert.match(session.certificate, /^-----BEGIN CERTIFICATE-----/)
  await assert.rejects(connectNbd({ at: { host, port: Number(port) }, exportName: name }), /TLS/)
  const socket = connect({ host, port: Number(port) })
  await new Promise(resolve => socket.once('data', resolve))
  socket.write(Buffer.from('0000000349484156454f505400000001000000026162', 'hex'))
  await new Promise(resolve => socket.once('close', resolve).resume())
})

test('what a process that died has left is given back by the next one', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  const session = await begun(house, 'alice', shared.disks[0])
  await using client = await opened(session.uri)
  const dataDir = join(house.folder, 'next')
  await mkdir(join(dataDir, 'exports'), { recursive: true })
  await writeFile(join(dataDir, 'exports', 'left.sock'), '')
  const settings = { listen: { host: '127.0.0.1', port: 0 } }
  const next = await openExportDoor({ ...house.ports, dataDir, settings, alone: true, changes: () => 0 })
  try {
    assert.equal(await usesOf(house, shared), 0)
    assert.deepEqual(await readdir(join(dataDir, 'exports')), [])
    await assert.rejects(firstBytes(client), 'should it live after all, its row is gone')
  } finally {
    await next.stop()
  }
})

test('of several processes, one that lives is left alone; one that stops gives its own back', async () => {
  await using house = await openHouse()
  const shared = await shareBackup(house)
  let late = 0
  const now = () => new Date(Date.now() + late)
  const settings = { listen: { host: '127.0.0.1', port: 0 } }
  const parts = { ...house.ports, now, settings, alone: false, changes: () => 0 }
  const replica = await openExportDoor({ ...parts, dataDir: join(house.folder, 'replica') })
  const ports = { ...house.ports, exports: replica }
  const [row] = await house.ports.catalog.read(({ exportSessions }) => exportSessions.open())
  assert.equal(row, undefined)
  const caller = { projectId: projects.alpha, userId: 'u', requestId: 'r' } as ProjectCaller
  const order = { backupId: shared.disks[0], listen: 'unix', overlay: false, seconds: 3600 } as const
  await createExport(ports, caller, order)
  const third = await openExportDoor({ ...parts, dataDir: join(house.folder, 'third') })
  assert.equal(await usesOf(house, shared), 1)
  late = 120_000
  const fourth = await openExportDoor({ ...parts, dataDir: join(house.folder, 'fourth') })
  assert.equal(await usesOf(house, shared), 0, 'it has not renewed its hold for two minutes')
  late = 0
  const made = await createExport(ports, caller, order)
  assert.equal(await usesOf(house, shared), 1)
  for (const door of [third, fourth, replica]) await door.stop()
  assert.equal(await usesOf(house, shared), 0)
  await assert.rejects(opened(made.uri))
})

test('a disk downloads raw, whole and in ranges', async () => {
  await using house = await openHouse()
  const { disks } = await shareBackup(house)
  const disk = await readFile(house.diskFiles[0])
  const url = `${house.url}/opencbr/v1/${projects.beta}/backups/${disks[0]}/disk`
  const headers = { 'x-auth-token': await house.tokenOf('bob') }
  const whole = await fetch(url, { headers })
  assert.equal(whole.headers.get('content-length'), String(disk.length))
  assert.equal(whole.headers.get('content-disposition'), `attachment; filename="${disks[0]}.raw"`)
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(disk))
  const part = await fetch(`${url}?format=raw`, { headers: { ...headers, range: 'bytes=100000-1400000' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 100000-1400000/${disk.length}`)
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(disk.subarray(100_000, 1_400_001)))
  assert.equal((await fetch(url, { headers: { ...headers, range: `bytes=${disk.length}-` } })).status, 416)
  assert.equal((await fetch(`${url}?format=vmdk`, { headers })).status, 400)
})

test('every session leaves its trail', async () => {
  await using house = await openHouse()
  const { disks } = await shareBackup(house)
  const session = await begun(house, 'alice', disks[0])
  await house.call('alice', 'DELETE', one(session.id))
  const trail = await house.ports.catalog.read(({ audits }) => audits.list(projects.alpha, {}, { limit: 2, offset: 0 }))
  assert.deepEqual(
    trail.rows.map(({ operation, resourceId, status }) => [operation, resourceId, status]),
    [
      ['DeleteExport', session.id, 204],
      ['CreateExport', disks[0], 201],
    ],
  )
})
