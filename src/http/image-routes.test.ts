import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { openHouse, projects, type TestHouse } from '../../test/house.ts'
import { type SharedBackup, shareBackup, until } from '../../test/shared-backup.ts'
import { rangeOf } from './image-range.ts'

let house: TestHouse
let shared: SharedBackup
let imageId: string
before(async () => {
  house = await openHouse()
  shared = await shareBackup(house)
})
after(() => house.close())

const order = (more: object = {}) => ({
  name: 'db image',
  backup_id: shared.backupId,
  whole_image_type: 'CBR',
  enterprise_project_id: '0',
  ...more,
})
const action = '/image/v1/cloudimages/wholeimages/action'

test('a recipient registers an image and follows its job', async () => {
  const { status, body } = await house.call('bob', 'POST', action, order({ tags: ['a', 'x&y'], description: null }))
  assert.equal(status, 200, JSON.stringify(body))
  const job = await until(async () => {
    const answer = await house.call('bob', 'GET', `/image/v1/{project_id}/jobs/${body.job_id}`)
    assert.equal(answer.status, 200)
    return ['SUCCESS', 'FAIL'].includes(answer.body.status) ? answer.body : undefined
  })
  assert.equal(job.status, 'SUCCESS', JSON.stringify(job))
  assert.equal(job.error_code, null)
  imageId = job.entities.image_id
  const { rows } = await house.ports.catalog.read(({ audits }) =>
    audits.list(projects.beta, { operation: 'CreateWholeImage' }, { limit: 10, offset: 0 }),
  )
  assert.deepEqual(
    rows.map(row => [row.resourceId, row.status]),
    [[imageId, 200]],
  )
  const again = await house.call('bob', 'POST', action, order())
  assert.deepEqual([again.status, again.body.error_code], [500, 'BackupService.6210'])
  const foreign = await house.call('alice', 'GET', `/image/v1/{project_id}/jobs/${body.job_id}`)
  assert.equal(foreign.status, 404)
})

test('the sharer sees the image on the member, and cannot revoke', async () => {
  const member = `/v3/{project_id}/backups/${shared.backupId}/members/${projects.beta}`
  assert.equal((await house.call('alice', 'GET', member)).body.member.image_id, imageId)
  assert.equal((await house.call('alice', 'DELETE', member)).body.error_code, 'BackupService.6710')
  const seen = (await house.call('bob', 'GET', `/v3/{project_id}/backups/${shared.backupId}`)).body.backup
  assert.deepEqual(seen.extend_info.os_images_data, [{ image_id: imageId }])
})

test('it is a Glance image', async () => {
  const { status, body } = await house.call('bob', 'GET', `/image/v2/images/${imageId}`)
  assert.equal(status, 200)
  const expected = {
    id: imageId,
    name: 'db image',
    status: 'active',
    visibility: 'private',
    owner: projects.beta,
    disk_format: 'raw',
    container_format: 'bare',
    min_disk: 1,
    size: 2 * 2 ** 20,
    tags: ['a', 'x&y'],
    file: `/v2/images/${imageId}/file`,
    __backup_id: shared.backupId,
    __whole_image: true,
  }
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(body[key], value, key)
  const [disk, ...none] = JSON.parse(body.block_device_mapping)
  assert.deepEqual([disk.backup_id, disk.volume_size, none], [shared.disks[1], 1, []])
})

test('its file is the system disk, whole or in part', async () => {
  const source = await readFile(house.diskFiles[0])
  const download = async (range?: string) => {
    const answer = await fetch(`${house.url}/image/v2/images/${imageId}/file`, {
      headers: { 'x-auth-token': await house.tokenOf('bob'), ...(range && { range }) },
    })
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) }
  }
  const whole = await download()
  assert.equal(whole.status, 200)
  assert.equal(whole.headers.get('content-length'), String(source.length))
  assert.ok(whole.bytes.equals(source))
  const part = await download('bytes=100-1048599')
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 100-1048599/${source.length}`)
  assert.ok(part.bytes.equals(source.subarray(100, 1048600)))
  assert.ok((await download('bytes=-5')).bytes.equals(source.subarray(-5)))
  assert.equal((await download(`bytes=${source.length}-`)).status, 416)
})

test('a download that is given up does no harm', async () => {
  const stop = new AbortController()
  const answer = await fetch(`${house.url}/image/v2/images/${imageId}/file`, {
    headers: { 'x-auth-token': await house.tokenOf('bob') },
    signal: stop.signal,
  })
  await answer.body?.getReader().read()
  stop.abort()
  assert.equal((await house.call('bob', 'GET', `/image/v2/images/${imageId}`)).status, 200)
})

test('images are listed page by page', async () => {
  const own = await house.call('alice', 'POST', action, order({ name: 'own' }))
  assert.equal(own.status, 200)
  const { body } = await house.call('bob', 'GET', '/image/v2/images?limit=1&status=active')
  assert.deepEqual(
    body.images.map((image: { id: string }) => image.id),
    [imageId],
  )
  assert.match(body.next, new RegExp(`^/v2/images\\?.*marker=${imageId}`))
  const last = await house.call('bob', 'GET', `/image${body.next}`)
  assert.deepEqual([last.body.images, last.body.next], [[], undefined])
  assert.equal((await house.call('bob', 'GET', '/image/v2/images?limit=x')).status, 400)
  assert.equal((await house.call('bob', 'GET', '/image/v2/images?name=%00')).status, 400)
  const versions = await fetch(`${house.url}/image`)
  assert.equal(versions.status, 300)
  assert.ok((await versions.text()).includes(`${house.url}/image/v2/`))
})

test('images are listed by their tags, of which they have all', async () => {
  const tagged = async (query: string) => {
    const { status, body } = await house.call('bob', 'GET', `/image/v2/images?${query}`)
    return [status, body.images?.map((image: { id: string }) => image.id)]
  }
  for (const query of ['tag=a', 'tag=x%26y&tag=a', 'tag=', 'tag=a&name=db+image&status=active&limit=1']) {
    assert.deepEqual(await tagged(query), [200, [imageId]], query)
  }
  for (const query of ['tag=b', 'tag=a&tag=b', 'tag=A', 'tag=a&name=other', `tag=a&marker=${imageId}`]) {
    assert.deepEqual(await tagged(query), [200, []], query)
  }
  const { body } = await house.call('bob', 'GET', '/image/v2/images?limit=1&tag=a&tag=x%26y')
  assert.match(body.next, /&tag=a&tag=x%26y$/)
  assert.equal((await house.call('bob', 'GET', '/image/v2/images?tag=a&tag=%00')).status, 400)
})

test('only its own project reaches it, and reading is all that a reader may', async () => {
  const missing = await house.call('carol', 'GET', `/image/v2/images/${imageId}`)
  assert.equal(missing.status, 404)
  assert.match(String(missing.body), /<h1>404 Not Found<\/h1>/)
  assert.equal((await house.call('carol', 'GET', '/image/v2/images/no-id/file')).status, 404)
  assert.equal((await house.call('carol', 'DELETE', `/image/v2/images/${imageId}`)).status, 404)
  const { body } = await house.call('rita', 'GET', '/image/v2/images')
  const own = body.images[0].id
  assert.equal((await house.call('rita', 'GET', `/image/v2/images/${own}/file`)).status, 403)
  assert.equal((await house.call('rita', 'DELETE', `/image/v2/images/${own}`)).status, 403)
  assert.equal((await house.call('rita', 'POST', action, order())).body.error_code, 'OpenCBR.0403')
  const unsigned = await fetch(`${house.url}/image/v2/images`)
  assert.equal(unsigned.status, 401)
  assert.match(await unsigned.text(), /^\{"error":\{"code":401,/)
})

for (const wrong of [
  { name: undefined },
  { name: 'x'.repeat(129) },
  { name: 7 },
  { backup_id: 'b' },
  { whole_image_type: 'CSBS' },
  { tags: 'a' },
  { description: '\0' },
]) {
  test(`an order with ${JSON.stringify(wrong).slice(0, 40)} is 9900`, async () => {
    const answer = await house.call('bob', 'POST', action, order(wrong))
    assert.deepEqual([answer.status, answer.body.error_code], [400, 'BackupService.9900'])
  })
}

test('an order that is no JSON is 9900, one of an unknown backup 6200', async () => {
  assert.equal((await house.call('bob', 'POST', action, '{')).body.error_code, 'BackupService.9900')
  const unknown = await house.call('carol', 'POST', action, order())
  assert.deepEqual([unknown.status, unknown.body.error_code], [404, 'BackupService.6200'])
})

test('its owner renames and deletes it, which leaves a trail and frees the share', async () => {
  const url = `/image/v2/images/${imageId}`
  const patch = (steps: unknown) =>
    house.call('bob', 'PATCH', url, steps, { 'content-type': 'application/openstack-images-v2.1-json-patch' })
  const renamed = await patch([{ op: 'replace', path: '/name', value: '<new>' }])
  assert.deepEqual([renamed.status, renamed.body.name], [200, '<new>'])
  assert.equal((await patch([{ op: 'replace', path: '/size', value: 1 }])).status, 403)
  assert.equal((await patch({ name: 'x' })).status, 400)
  assert.equal((await house.call('bob', 'DELETE', url)).status, 204)
  assert.equal((await house.call('bob', 'GET', url)).status, 404)
  const trail = await house.ports.catalog.read(({ audits }) =>
    audits.list(projects.beta, { resourceId: imageId }, { limit: 10, offset: 0 }),
  )
  assert.deepEqual(
    trail.rows.map(row => [row.operation, row.status]),
    [
      ['DeleteImage', 204],
      ['UpdateImage', 400],
      ['UpdateImage', 403],
      ['UpdateImage', 200],
      ['CreateWholeImage', 200],
    ],
  )
  const member = `/v3/{project_id}/backups/${shared.backupId}/members/${projects.beta}`
  assert.equal('image_id' in (await house.call('bob', 'GET', member)).body.member, false)
  assert.equal((await house.call('alice', 'DELETE', member)).status, 204)
})
test('ranges are those of RFC 9110', () => {
  const cases: readonly (readonly [string | undefined, number, number, boolean])[] = [
    [undefined, 0, 10, false],
    ['bytes=0-', 0, 10, true],
    ['bytes=3-5', 3, 6, true],
    ['bytes=3-50', 3, 10, true],
    ['bytes=-3', 7, 10, true],
    ['bytes=-30', 0, 10, true],
    ['bytes=5-3', 0, 10, false],
    ['bytes=-', 0, 10, false],
    ['bytes=0-1,3-4', 0, 10, false],
    ['lines=0-1', 0, 10, false],
  ]
  for (const [header, from, to, partial] of cases) assert.deepEqual(rangeOf(header, 10), { from, to, partial })
  for (const header of ['bytes=10-', 'bytes=-0']) assert.throws(() => rangeOf(header, 10), { status: 416 })
})
