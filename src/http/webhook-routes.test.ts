/** Events leave the house: on a whole house, to a real server. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { answer, openReceiver, signedBy, silence } from '../../test/receiver.ts'
import { shareBackup, until } from '../../test/shared-backup.ts'

const ALL = '/opencbr/v1/{project_id}/webhooks'
const LOOPBACK = {
  OPENCBR_WEBHOOKS_ALLOW: '[127.0.0.0/8]',
  OPENCBR_WEBHOOKS_TIMEOUT_SECONDS: '1',
  // For tests that turn the clock.
  OPENCBR_IDENTITY_EMBEDDED_TOKEN_SECONDS: '1000000',
}

const openListening = () => openHouse({ environment: LOOPBACK })

async function hooked(house: TestHouse, person: Person, url: string, events: readonly string[] = []) {
  const made = await house.call(person, 'POST', ALL, { name: 'pager', url, events })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return made.body.webhook
}

const tryIt = async (house: TestHouse, id: string) => {
  const tried = await house.call('alice', 'POST', `${ALL}/${id}/test`)
  assert.equal(tried.status, 202, JSON.stringify(tried.body))
  return tried.body.delivery
}

/** Oldest first, once the condition holds. */
const deliveries = async (house: TestHouse, id: string, are: (all: { status: string }[]) => boolean) =>
  until(async () => {
    const { body } = await house.call('alice', 'GET', `${ALL}/${id}/deliveries`)
    return are(body.deliveries) ? body.deliveries.toReversed() : undefined
  })

const settled = (all: { status: string }[]) => all.length > 0 && all.every(({ status }) => status !== 'waiting')

test('the life of a share, as both sides are told of it', async () => {
  await using house = await openListening()
  await using sharer = await openReceiver()
  await using recipient = await openReceiver()
  const secrets = [await hooked(house, 'alice', sharer.url), await hooked(house, 'bob', recipient.url)]
  const { backupId, vaultId } = await shareBackup(house)
  const members = `/v3/{project_id}/backups/${backupId}/members`
  const own = `${members}/${projects.beta}`
  const said = [
    ['PUT', own, { status: 'rejected' }],
    ['PUT', own, { status: 'pending' }],
    ['PUT', own, { status: 'accepted', vault_id: vaultId }],
  ] as const
  // Each is a transaction of its own, a millisecond or more apart.
  for (const [method, path, body] of said) assert.equal((await house.call('bob', method, path, body)).status, 200)
  assert.equal((await house.call('alice', 'DELETE', own)).status, 204)
  assert.equal((await house.call('alice', 'POST', members, { members: [projects.beta, projects.gamma] })).status, 200)
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${backupId}`)).status, 204)
  await sharer.has(10)
  await recipient.has(8)
  const life = ['added', 'accepted', 'rejected', 'reopened', 'accepted', 'removed']
  const named = (...events: string[]) => events.map(event => `share.${event}`)
  assert.deepEqual(sharer.types(), named(...life, 'added', 'added', 'withdrawn', 'withdrawn'))
  assert.deepEqual(recipient.types(), named(...life, 'added', 'withdrawn'))
  for (const [at, { received }] of [sharer, recipient].entries()) {
    assert.equal(new Set(received.map(({ event }) => event.id)).size, received.length)
    for (const request of received) {
      assert.equal(signedBy(secrets[at].secret, request), 1)
      assert.equal(request.headers['opencbr-event-id'], request.event.id)
      assert.equal(request.headers['opencbr-event-type'], request.event.type)
      assert.equal(request.event.project_id, at === 0 ? projects.alpha : projects.beta)
      assert.equal(request.event.data.backup.id, backupId)
      if (at === 1) assert.equal(request.event.data.member.dest_project_id, projects.beta)
    }
  }
  assert.equal(sharer.received[1]?.event.data.member.vault_id, vaultId)
})

test('what is answered 500, or not at all, comes again as it was; what is behind it waits', async () => {
  await using house = await openListening()
  await using receiver = await openReceiver()
  receiver.manners.push(answer(500), silence)
  const { id, secret } = await hooked(house, 'alice', receiver.url)
  const first = await tryIt(house, id)
  const second = await tryIt(house, id)
  const [one, two] = await deliveries(house, id, settled)
  assert.deepEqual([one.id, one.status, one.attempts, one.answer], [first.id, 'delivered', 3, 204])
  assert.deepEqual([two.id, two.status, two.attempts, 'problem' in two], [second.id, 'delivered', 1, false])
  const ids = receiver.received.map(({ event }) => event.id)
  assert.deepEqual(ids, [...Array(3).fill(first.event_id), second.event_id])
  for (const request of receiver.received) assert.equal(signedBy(secret, request), 1)
  assert.equal(new Set(receiver.received.slice(0, 3).map(({ body }) => body)).size, 1)
})

test('an event that is refused three times makes way for the next', async () => {
  await using house = await openListening()
  await using receiver = await openReceiver()
  receiver.manners.push(answer(400), answer(422), answer(404))
  const { id } = await hooked(house, 'alice', receiver.url)
  await tryIt(house, id)
  await tryIt(house, id)
  const [one, two] = await deliveries(house, id, settled)
  assert.deepEqual([one.status, one.attempts, one.answer, one.problem], ['failed', 3, 404, 'answered 404'])
  assert.deepEqual([two.status, two.attempts], ['delivered', 1])
  const failed = await house.call('alice', 'GET', `${ALL}/${id}/deliveries?status=failed&limit=1`)
  assert.deepEqual([failed.body.count, failed.body.deliveries[0].id], [1, one.id])
})

test('for a day an event is tried; what is older then is given up, with all that waited behind it', async () => {
  let shift = 0
  await using house = await openHouse({ environment: LOOPBACK, now: () => new Date(Date.now() + shift) })
  await using receiver = await openReceiver()
  receiver.manners.push(answer(503), answer(503))
  const { id } = await hooked(house, 'alice', receiver.url)
  await tryIt(house, id)
  await tryIt(house, id)
  await deliveries(house, id, all => all.some(one => 'problem' in one))
  shift = 25 * 60 * 60 * 1000
  const given = await deliveries(house, id, settled)
  assert.deepEqual(
    given.map(({ status, problem }: Record<string, string>) => [status, problem]),
    Array(2).fill(['failed', 'not taken within a day']),
  )
  assert.equal(receiver.received.length, 2)
  await tryIt(house, id)
  assert.equal((await deliveries(house, id, settled)).at(-1).status, 'delivered')
})

test('a task that fails is told', async () => {
  await using house = await openListening()
  await using receiver = await openReceiver()
  await hooked(house, 'alice', receiver.url, ['task.failed'])
  const sync = {
    ...{ backup_id: crypto.randomUUID(), backup_name: 'b', bucket_name: 'b', created_at: 1, image_path: 'i' },
    ...{ resource_id: crypto.randomUUID(), resource_name: 'r', resource_type: 'OS::Nova::Server' },
  }
  const { body } = await house.call('alice', 'POST', '/v3/{project_id}/backups/sync', { sync: [sync] })
  await receiver.has(1)
  const [{ event } = { event: undefined }] = receiver.received
  assert.deepEqual([event.type, event.data.operation_log.id], ['task.failed', body.sync[0].operation_log_id])
  assert.deepEqual(
    [event.data.operation_log.status, event.data.operation_log.error_info.code],
    ['failed', 'BackupService.6200'],
  )
})

for (const url of [
  ...['http://169.254.169.254/latest/meta-data', 'http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/'],
  ...['http://10.0.0.1/', 'http://172.16.9.9/', 'http://192.168.1.1/', 'http://100.64.0.1/', 'http://0.0.0.0/'],
  ...['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[fe80::1]/', 'http://[fd00::1]/', 'http://[::]/'],
  ...['http://[64:ff9b::a9fe:a9fe]/', 'http://[2002:7f00:1::]/', 'http://224.0.0.1/', 'http://255.255.255.255/'],
  ...['ftp://example.org/', 'file:///etc/passwd', 'unix:/run/x', 'example.org', '', 'http://', 7],
  ...['https://user@example.org/', 'https://:secret@example.org/', `https://example.org/${'x'.repeat(2048)}`],
]) {
  test(`no webhook has the address ${JSON.stringify(url).slice(0, 60)}`, { concurrency: false }, async () => {
    const house = await plainHouse()
    const { status, body } = await house.call('alice', 'POST', ALL, { url })
    assert.deepEqual([status, body.error_code], [400, 'BackupService.9900'])
  })
}

/** One for all tests that change nothing in it. */
let opened: Promise<TestHouse> | undefined
const plainHouse = () => {
  opened ??= openHouse({ environment: { OPENCBR_LIMITS_WEBHOOKS: '2' } })
  return opened
}
test.after(async () => (await opened)?.close())

test('a name that leads into the own network is connected to by nobody, and tells nothing of it', async () => {
  const house = await plainHouse()
  await using receiver = await openReceiver()
  const problems: string[] = []
  for (const name of ['localhost', 'no-such-name.invalid']) {
    const { id } = await hooked(house, 'alice', `http://${name}:${receiver.port}/`)
    await tryIt(house, id)
    const [{ problem, answer: status }] = await deliveries(house, id, ([one]) => one !== undefined && 'problem' in one)
    assert.equal(status, undefined)
    problems.push(problem)
    await house.call('alice', 'DELETE', `${ALL}/${id}`)
  }
  assert.deepEqual(problems, Array(2).fill('the address leads to nothing that webhooks may reach'))
  assert.deepEqual(receiver.received, [])
})

test('no redirect is followed, and no body without an end is read', async () => {
  await using house = await openListening()
  await using receiver = await openReceiver()
  await using behind = await openReceiver()
  let cut = false
  receiver.manners.push(answer(307, { location: behind.url }), response => {
    response.on('close', () => {
      cut = true
    })
    response.writeHead(200)
    const more = () => response.write('x'.repeat(65536), error => error || setImmediate(more))
    more()
  })
  const { id } = await hooked(house, 'alice', receiver.url)
  await tryIt(house, id)
  const [only] = await deliveries(house, id, settled)
  assert.deepEqual([only.status, only.attempts, only.answer], ['delivered', 2, 200])
  await until(async () => cut || undefined)
  assert.deepEqual(behind.received, [])
})

test('who may do what, and what others see of it', async () => {
  const house = await plainHouse()
  const url = 'https://example.org/hook'
  const { id, secret } = await hooked(house, 'alice', url, ['share.*', 'vault.expanded'])
  assert.match(secret, /^[\w-]{43}$/)
  const statusOf = async (person: Person, method: string, path: string) =>
    (await house.call(person, method, path, method === 'POST' && path === ALL ? { url } : undefined)).status
  for (const [method, path] of [
    ['POST', ALL],
    ['DELETE', `${ALL}/${id}`],
    ['POST', `${ALL}/${id}/test`],
    ['POST', `${ALL}/${id}/secret`],
  ] as const)
    assert.equal(await statusOf('rita', method, path), 403, `${method} ${path}`)
  for (const path of [ALL, `${ALL}/${id}`, `${ALL}/${id}/deliveries`]) {
    const { status, body } = await house.call('rita', 'GET', path)
    assert.equal(status, 200)
    assert.ok(!JSON.stringify(body).includes(secret))
  }
  for (const path of [`${ALL}/${id}`, `${ALL}/${id}/deliveries`]) assert.equal(await statusOf('bob', 'GET', path), 404)
  for (const path of [`${ALL}/${id}/test`, `${ALL}/${id}/secret`])
    assert.equal(await statusOf('bob', 'POST', path), 404)
  assert.equal(await statusOf('bob', 'DELETE', `${ALL}/${id}`), 404)
  assert.equal(await statusOf('alice', 'GET', `${ALL}/nonsense`), 404)
  const shown = (await house.call('alice', 'GET', `${ALL}/${id}`)).body.webhook
  assert.deepEqual((await house.call('alice', 'GET', ALL)).body, { webhooks: [shown], count: 1 })
  assert.deepEqual([shown.name, shown.url, shown.events], ['pager', url, ['share.*', 'vault.expanded']])
  const strange = await house.call('alice', 'POST', ALL, { url, events: ['vault.exploded'] })
  assert.equal(strange.status, 400)
  await hooked(house, 'alice', url)
  assert.equal(await statusOf('alice', 'POST', ALL), 400, 'a third one')
  assert.equal((await house.call('bob', 'GET', ALL)).body.count, 0)
  assert.equal(await statusOf('alice', 'DELETE', `${ALL}/${id}`), 204)
  assert.equal(await statusOf('alice', 'GET', `${ALL}/${id}`), 404)
})

test('a secret is renewed: the old one signs beside it for a day; neither lies anywhere in clear', async () => {
  let shift = 0
  await using house = await openHouse({ environment: LOOPBACK, now: () => new Date(Date.now() + shift) })
  await using receiver = await openReceiver()
  const { id, secret: old } = await hooked(house, 'alice', receiver.url)
  const { body } = await house.call('alice', 'POST', `${ALL}/${id}/secret`)
  const { secret } = body.webhook
  assert.notEqual(secret, old)
  await tryIt(house, id)
  await receiver.has(1)
  const [first] = receiver.received
  assert.ok(first)
  assert.deepEqual(
    [secret, old, 'x'].map(one => signedBy(one, first)),
    [1, 1, 0],
  )
  shift = 86_500_000
  await tryIt(house, id)
  await receiver.has(2)
  const signature = String(receiver.received[1]?.headers['opencbr-signature'])
  assert.equal(signature.split(',').length, 2, 'the time, and one signature')
  for (const file of await readdir(house.config.dataDir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    const bytes = await readFile(join(file.parentPath, file.name))
    for (const clear of [old, secret]) assert.equal(bytes.indexOf(clear), -1, file.name)
  }
})
