/** Sharing through the front door: what depends on how a request is written. The rules have their own tests. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openHouse, type Person, projects, type TestHouse } from '../house.ts'
import { type SharedBackup, shareBackup } from '../shared-backup.ts'

let house: TestHouse
let shared: SharedBackup
let members: string
before(async () => {
  house = await openHouse()
  shared = await shareBackup(house)
  members = `/v3/{project_id}/backups/${shared.backupId}/members`
})
after(() => house.close())

async function codeOf(by: Person, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await house.call(by, method, path, body)
  assert.equal(typeof answer.body?.request_id, 'string')
  return `${answer.status} ${answer.body.error_code}`
}

const WRONG = ['{', '[]', {}, { members: [] }, { members: [1] }, { members: 'x' }, { members: ['a', 'a'] }] as const

for (const body of [
  ...WRONG,
  { members: Array.from({ length: 11 }, (_, at) => `${at}`.padStart(32, '0')) },
  undefined,
]) {
  test(`POST ${JSON.stringify(body)?.slice(0, 30)}: 9900, after 6200 and before 6714`, async () => {
    assert.equal(await codeOf('alice', 'POST', members, body), '400 BackupService.9900')
    assert.equal(await codeOf('bob', 'POST', members, body), '400 BackupService.9900')
    assert.equal(await codeOf('carol', 'POST', members, body), '404 BackupService.6200')
  })
}

test('a recipient cannot share on, a stranger finds nothing, a reader may not', async () => {
  const body = { members: [projects.gamma] }
  assert.equal(await codeOf('bob', 'POST', members, body), '400 BackupService.6714')
  assert.equal(await codeOf('carol', 'POST', members, body), '404 BackupService.6200')
  assert.equal(await codeOf('rita', 'POST', members, body), '403 OpenCBR.0403')
  for (const id of ['no-id', '%00', crypto.randomUUID(), shared.backupId.toUpperCase()]) {
    const path = `/v3/{project_id}/backups/${id}/members`
    assert.equal(await codeOf('alice', 'POST', path, body), '404 BackupService.6200')
    assert.equal(await codeOf('alice', 'GET', path), '404 BackupService.6200')
  }
})

test('members are read by project, by record, and from an offset alone', async () => {
  const { status, body, headers } = await house.call('alice', 'GET', members)
  assert.equal(status, 200)
  assert.match(headers.get('x-request-id') ?? '', /^req-/)
  const [member] = body.members
  assert.deepEqual([body.count, member.dest_project_id, member.status], [1, projects.beta, 'accepted'])
  for (const id of [projects.beta, member.id]) {
    assert.deepEqual((await house.call('alice', 'GET', `${members}/${id}`)).body, { member })
  }
  assert.deepEqual((await house.call('alice', 'GET', `${members}?offset=1`)).body, { members: [], count: 1 })
  assert.deepEqual((await house.call('alice', 'GET', `${members}?name=&own_type=shared&offset=0`)).body, body)
  assert.equal(await codeOf('alice', 'GET', `${members}?status=maybe`), '400 BackupService.9900')
  assert.equal(await codeOf('alice', 'GET', `${members}?vault_id=v`), '400 BackupService.9900')
  for (const id of [projects.gamma, 'no-id', '%00', crypto.randomUUID()]) {
    assert.equal(await codeOf('alice', 'GET', `${members}/${id}`), '404 BackupService.6705')
    assert.equal(await codeOf('alice', 'DELETE', `${members}/${id}`), '404 BackupService.6705')
    assert.equal(await codeOf('bob', 'PUT', `${members}/${id}`, { status: 'rejected' }), '404 BackupService.6705')
  }
})

test('an answer says what it means, or is refused with 6706; unknown keys and nulls are let pass', async () => {
  const own = `${members}/${projects.beta}`
  for (const body of [
    {},
    { status: 'maybe' },
    { status: null },
    { status: 5 },
    { status: 'accepted', vault_id: null },
  ]) {
    assert.equal(await codeOf('bob', 'PUT', own, body), '400 BackupService.6706')
    assert.equal(await codeOf('alice', 'PUT', own, body), '400 BackupService.6708')
    assert.equal(await codeOf('carol', 'PUT', own, body), '404 BackupService.6200')
  }
  assert.equal(await codeOf('bob', 'PUT', own, '{'), '400 BackupService.9900')
  const put = (body: object) => house.call('bob', 'PUT', own, { _: shared.backupId, ...body })
  const rejected = await put({ status: 'rejected', vault_id: null })
  assert.deepEqual([rejected.status, rejected.body.member.status], [200, 'rejected'])
  assert.equal((await house.call('bob', 'GET', `/v3/{project_id}/backups/${shared.backupId}`)).status, 404)
  assert.equal(await codeOf('bob', 'PUT', own, '{'), '400 BackupService.9900')
  const again = await put({ status: 'accepted', vault_id: shared.vaultId.toUpperCase() })
  assert.deepEqual([again.status, again.body.member.vault_id], [200, shared.vaultId])
})

test('who did what to the share can be read afterwards', async () => {
  const { rows } = await house.ports.catalog.read(({ audits }) =>
    audits.list(projects.alpha, { resourceId: shared.backupId, operation: 'AddMember' }, { limit: 1000, offset: 0 }),
  )
  assert.deepEqual([rows.at(-1)?.userName, rows.at(-1)?.status], ['alice', 200])
  assert.ok(rows.some(row => row.errorCode === 'BackupService.9900' && row.status === 400))
  assert.ok(rows.some(row => row.userName === 'rita' && row.status === 403))
})
