import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { type SharedBackup, shareBackup, until } from '../../test/shared-backup.ts'

const VOLUMES = '/volume/v3/{project_id}/volumes'

let house: TestHouse
let shared: SharedBackup
before(async () => {
  house = await openHouse()
  shared = await shareBackup(house)
})
after(() => house.close())

const fileOf = (id: string) => join(house.config.dataDir, 'disks', `${id}.raw`)

async function create(by: Person, volume: object): Promise<{ readonly id: string; readonly size: number }> {
  const made = await house.call(by, 'POST', VOLUMES, { volume })
  assert.equal(made.status, 202, JSON.stringify(made.body))
  assert.equal(made.body.volume.status, 'creating')
  return until(async () => {
    const { body } = await house.call(by, 'GET', `${VOLUMES}/${made.body.volume.id}`)
    assert.notEqual(body.volume.status, 'error', body.volume['opencbr:failure'])
    return body.volume.status === 'available' ? body.volume : undefined
  })
}

test('both disks of a share become disks of the recipient, byte for byte', async () => {
  for (const [at, source] of house.diskFiles.entries()) {
    const volume = await create('bob', {
      name: 'copy',
      backup_id: shared.disks[at],
      size: null,
      metadata: { k: 'v' },
    })
    assert.equal(volume.size, 1)
    assert.ok((await readFile(fileOf(volume.id))).equals(await readFile(source)), source)
  }
})

test('a larger volume ends in zeros', async () => {
  const volume = await create('bob', { backup_id: shared.disks[0], size: 1 })
  const { size, blocks } = await stat(fileOf(volume.id))
  assert.equal(size, 2 ** 30)
  assert.ok(blocks * 512 < 4 * 2 ** 20, 'the file is sparse')
})

test('nothing is in use when the volumes are filled', async () => {
  const backup = await house.ports.catalog.read(({ backups }) => backups.find(shared.backupId))
  assert.equal(backup?.uses, 0)
})

test('it is a Cinder volume, and can be protected at once', async () => {
  const { id } = await create('bob', { name: 'data', description: 'd', backup_id: shared.disks[1] })
  const { body } = await house.call('bob', 'GET', `${VOLUMES}/${id}`)
  const { created_at: createdAt, updated_at: _, links, ...volume } = body.volume
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  assert.equal(links[0].href, `${house.url}/volume/v3/${projects.beta}/volumes/${id}`)
  assert.deepEqual(volume, {
    id,
    name: 'data',
    description: 'd',
    status: 'available',
    size: 1,
    availability_zone: house.config.availabilityZone,
    volume_type: 'local',
    bootable: 'false',
    encrypted: false,
    multiattach: false,
    attachments: [],
    metadata: {},
    snapshot_id: null,
    source_volid: null,
    replication_status: null,
    consistencygroup_id: null,
    backup_id: shared.disks[1],
    'os-vol-tenant-attr:tenant_id': projects.beta,
  })
  const protectable = await house.call('bob', 'GET', `/v3/{project_id}/protectables/disk/instances/${id}`)
  assert.equal(protectable.body.instance.protectable.result, true, JSON.stringify(protectable.body))
  const billing = { consistent_level: 'crash_consistent', object_type: 'disk', protect_type: 'backup', size: 10 }
  const resources = [{ id, type: 'OS::Cinder::Volume' }]
  const vault = { vault: { name: 'disks', resources, billing } }
  assert.equal((await house.call('bob', 'POST', '/v3/{project_id}/vaults', vault)).status, 200)
  const refusal = await house.call('bob', 'DELETE', `${VOLUMES}/${id}`)
  assert.deepEqual([refusal.status, refusal.body.badRequest.code], [400, 400])
})

test('name, description and metadata of a volume are changed, nothing else of it', async () => {
  const { id } = await create('bob', {
    name: 'old',
    description: 'd',
    backup_id: shared.disks[1],
    metadata: { k: 'v' },
  })
  const put = (volume: unknown, by: Person = 'bob') => house.call(by, 'PUT', `${VOLUMES}/${id}`, { volume })
  const { status, body } = await put({ name: 'new', description: '', metadata: { a: 'b' } })
  assert.deepEqual(
    [status, body.volume.name, body.volume.description, body.volume.metadata],
    [200, 'new', '', { a: 'b' }],
  )
  assert.equal((await put({ name: null })).body.volume.name, '')
  assert.deepEqual((await put({})).body.volume.metadata, { a: 'b' })
  for (const wrong of [undefined, [], { size: 2 }, { name: 1 }, { metadata: { a: 1 } }, { name: 'n'.repeat(256) }]) {
    assert.equal((await put(wrong)).status, 400, JSON.stringify(wrong))
  }
  assert.equal((await put({ name: 'x' }, 'alice')).status, 404)
  assert.equal((await put({ name: 'x' }, 'rita')).status, 403)
})

test('an empty volume is made and deleted, file and all', async () => {
  const { id } = await create('alice', { name: 'empty', size: '1' })
  assert.equal((await stat(fileOf(id))).size, 2 ** 30)
  const foreign = await house.call('bob', 'DELETE', `${VOLUMES}/${id}`)
  assert.deepEqual([foreign.status, foreign.body.itemNotFound.code], [404, 404])
  assert.equal((await house.call('alice', 'DELETE', `${VOLUMES}/${id}`)).status, 202)
  await until(async () => {
    const { status } = await house.call('alice', 'GET', `${VOLUMES}/${id}`)
    return status === 404 ? true : undefined
  })
  await assert.rejects(stat(fileOf(id)), { code: 'ENOENT' })
})

test('a disk of a running server, of the configuration, is not deleted', async () => {
  const { body } = await house.call('alice', 'GET', `${VOLUMES}/detail?status=in-use`)
  const [volume] = body.volumes
  assert.equal(volume.attachments.length, 1)
  assert.equal((await house.call('alice', 'DELETE', `${VOLUMES}/${volume.id}`)).status, 400)
})

test('volumes are listed page by page', async () => {
  const { body } = await house.call('bob', 'GET', `${VOLUMES}?limit=2`)
  assert.equal(body.volumes.length, 2)
  assert.deepEqual(Object.keys(body.volumes[0]).sort(), ['id', 'links', 'name'])
  const next = new URL(body.volumes_links[0].href)
  const rest = await house.call('bob', 'GET', next.pathname + next.search)
  const ids = [...body.volumes, ...rest.body.volumes].map((volume: { id: string }) => volume.id)
  assert.equal(new Set(ids).size, ids.length)
  assert.equal((await house.call('bob', 'GET', `${VOLUMES}/detail?name=data`)).body.volumes.length, 1)
  assert.equal((await house.call('bob', 'GET', `${VOLUMES}?marker=nothing`)).status, 400)
})

test('volumes are listed by their metadata, of which they have all pairs', async () => {
  const words = { rôle: "db's", k: 'v"\\', smile: '\u{1f600}' }
  const { id } = await create('bob', { name: 'described', size: 1, metadata: words })
  const ask = async (metadata: string, more = '') => {
    const { status, body } = await house.call(
      'bob',
      'GET',
      `${VOLUMES}/detail?metadata=${encodeURIComponent(metadata)}${more}`,
    )
    return status === 200 ? body.volumes.map((volume: { id: string }) => volume.id) : body.badRequest.code
  }
  const all = await ask('')
  for (const fits of [
    JSON.stringify(words),
    `{'r\\xf4le': "db's", 'k': 'v"\\\\'}`,
    `{u'smile': u'\\U0001f600'}`,
    ` { 'smile' : '\\ud83d\\ude00', } `,
  ]) {
    assert.deepEqual(await ask(fits), [id], fits)
  }
  assert.deepEqual(await ask('{}'), all)
  for (const other of [`{'k': 'v'}`, `{'role': "db's"}`, `{'constructor': 'x'}`]) {
    assert.ok(!(await ask(other)).includes(id), other)
  }
  assert.deepEqual(await ask(`{'smile': '\\U0001f600', 'k': 'v'}`), [])
  assert.deepEqual(await ask(`{'smile': '\\U0001f600'}`, '&name=data'), [])
  for (const wrong of [
    'k=v',
    `{'k'}`,
    `{'k': 1}`,
    `{'k': 'v'`,
    `['k']`,
    `{'k': '\\q'}`,
    `{'k': '\\U00110000'}`,
    'null',
  ]) {
    assert.equal(await ask(wrong), 400, wrong)
  }
  const { body } = await house.call('bob', 'GET', `${VOLUMES}?limit=1&metadata=${encodeURIComponent(`{'k': 'v'}`)}`)
  const next = new URL(body.volumes_links[0].href)
  assert.equal(next.searchParams.get('metadata'), `{'k': 'v'}`)
})

for (const [name, volume, status] of [
  ['of no size', {}, 400],
  ['of a whole server', { backup_id: 'the server' }, 400],
  ['of a backup nobody knows', { backup_id: crypto.randomUUID() }, 404],
  ['of an image nobody knows', { imageRef: crypto.randomUUID() }, 400],
  ['of a snapshot', { snapshot_id: crypto.randomUUID(), size: 1 }, 400],
  ['of two things', { backup_id: crypto.randomUUID(), imageRef: crypto.randomUUID() }, 400],
  ['of size 0', { size: 0 }, 400],
  ['of size 1.5', { size: 1.5 }, 400],
  ['of 17 TB', { size: 17_000 }, 400],
  ['with a number for a name', { size: 1, name: 5 }, 400],
  ['with metadata that are no texts', { size: 1, metadata: { a: 1 } }, 400],
] as const) {
  test(`a volume ${name} is refused with ${status}`, async () => {
    const source = 'backup_id' in volume && volume.backup_id === 'the server' ? { backup_id: shared.backupId } : {}
    const answer = await house.call('bob', 'POST', VOLUMES, { volume: { ...volume, ...source } })
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.equal(answer.body[status === 404 ? 'itemNotFound' : 'badRequest'].code, status)
  })
}

test('a stranger gets nothing of the backup, a reader makes nothing', async () => {
  const volume = { backup_id: shared.disks[0] }
  assert.equal((await house.call('carol', 'POST', VOLUMES, { volume })).status, 404)
  const refused = await house.call('rita', 'POST', VOLUMES, { volume })
  assert.deepEqual([refused.status, refused.body.forbidden.code], [403, 403])
  assert.equal((await house.call('rita', 'GET', `${VOLUMES}/detail`)).status, 200)
  const foreign = await house.call('bob', 'GET', `/volume/v3/${projects.alpha}/volumes`)
  assert.equal(foreign.status, 403)
  assert.equal((await fetch(`${house.url}/volume/v3/${projects.alpha}/volumes`)).status, 401)
})

test('kinds, zones, limits and versions', async () => {
  const { volume_types: types } = (await house.call('bob', 'GET', '/volume/v3/{project_id}/types')).body
  assert.equal((await house.call('bob', 'GET', `/volume/v3/{project_id}/types/${types[0].id}`)).status, 200)
  assert.equal((await house.call('bob', 'GET', '/volume/v3/{project_id}/types/none')).status, 404)
  const { limits } = (await house.call('bob', 'GET', '/volume/v3/{project_id}/limits')).body
  assert.ok(limits.absolute.totalVolumesUsed >= 4)
  assert.equal((await house.call('bob', 'GET', '/volume/v3/{project_id}/os-availability-zone')).status, 200)
  assert.equal((await fetch(`${house.url}/volume`)).status, 300)
  assert.match(await (await fetch(`${house.url}/volume/v3/`)).text(), /"id":"v3.0"/)
})

test('an image becomes a bootable disk; what was made of a share outlives it', async () => {
  const registered = await house.call('bob', 'POST', '/image/v1/cloudimages/wholeimages/action', {
    name: 'image',
    backup_id: shared.backupId,
  })
  const job = await until(async () => {
    const { body } = await house.call('bob', 'GET', `/image/v1/{project_id}/jobs/${registered.body.job_id}`)
    return body.status === 'SUCCESS' ? body : undefined
  })
  const imageId = job.entities.image_id
  const volume = await create('bob', { imageRef: imageId })
  const shown = (await house.call('bob', 'GET', `${VOLUMES}/${volume.id}`)).body.volume
  assert.deepEqual([shown.bootable, shown.volume_image_metadata.image_id], ['true', imageId])
  assert.equal((await house.call('bob', 'DELETE', `/image/v2/images/${imageId}`)).status, 204)
  const backup = `/v3/{project_id}/backups/${shared.backupId}`
  assert.equal((await house.call('alice', 'DELETE', backup)).status, 204)
  await until(async () => ((await house.call('alice', 'GET', backup)).status === 404 ? true : undefined))
  assert.equal((await house.call('bob', 'POST', VOLUMES, { volume: { backup_id: shared.disks[0] } })).status, 404)
  assert.ok((await readFile(fileOf(volume.id))).equals(await readFile(house.diskFiles[0])))
})
