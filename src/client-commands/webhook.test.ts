/** Webhooks and the audit trail from the command line, against a whole house. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fails, json, opencbr } from '../../test/command-line.ts'
import { openHouse, type Person, people, type TestHouse } from '../../test/house.ts'
import { answer, openReceiver, signedBy } from '../../test/receiver.ts'
import { until } from '../../test/shared-backup.ts'

let house: TestHouse
before(async () => {
  house = await openHouse({ environment: { OPENCBR_WEBHOOKS_ALLOW: '[127.0.0.0/8]' } })
})
after(() => house.close())

const as = (person: Person) => ({
  XDG_CONFIG_HOME: house.folder,
  OS_AUTH_URL: house.url,
  OS_USERNAME: person,
  OS_PASSWORD: `${person}-secret`,
  OS_USER_DOMAIN_NAME: 'acme',
  OS_PROJECT_NAME: people[person].project,
})

test('a webhook is made, tried, given another secret and deleted', async () => {
  await using receiver = await openReceiver()
  const hers = as('alice')
  const made = await opencbr(hers, ['webhook', 'create', receiver.url, '--name', 'pager', '--event', 'share.*'])
  assert.equal(made.code, 0, made.err)
  const [, id = '', secret = ''] =
    /^id +(\S+)\n(?:.+\n)*events +share\.\*\n(?:.+\n)*secret +(\S+)$/m.exec(made.out) ?? []
  const listed = await opencbr(hers, ['webhook', 'list'])
  assert.match(listed.out, new RegExp(`^ID +NAME +URL +EVENTS +CREATED\n${id} +pager +${receiver.url} +share\\.\\* `))
  assert.equal((await json(hers, 'webhook', 'show', 'pager')).id, id)
  assert.doesNotMatch(listed.out + (await opencbr(hers, ['webhook', 'show', id])).out, new RegExp(secret))

  receiver.manners.push(answer(404), answer(404), answer(404))
  const tried = await json(hers, 'webhook', 'test', 'pager')
  await receiver.has(3)
  const failed = await until(async () => (await json(hers, 'webhook', 'deliveries', 'pager', '--status', 'failed'))[0])
  assert.deepEqual([failed.id, failed.attempts, failed.answer], [tried.id, 3, 404])
  const [request] = receiver.received
  assert.equal(request && signedBy(secret, request), 1)

  const renewed = (await json(hers, 'webhook', 'renew-secret', 'pager')).secret
  assert.notEqual(renewed, secret)
  assert.match(
    (await opencbr(hers, ['webhook', 'test', id])).out,
    new RegExp(`^the event \\S+ waits to be sent: opencbr webhook deliveries ${id}$`, 'm'),
  )
  await receiver.has(4)
  const last = receiver.received.at(-1)
  assert.deepEqual([last && signedBy(renewed, last), last && signedBy(secret, last)], [1, 1])
  const told = await until(async () => {
    const { out } = await opencbr(hers, ['webhook', 'deliveries', id])
    return out.includes('delivered') ? out : undefined
  })
  assert.match(
    told,
    /^EVENT +TYPE +STATUS +ATTEMPTS +ANSWER +CREATED +LAST\n\S+ +webhook\.test +delivered +1 +204 .+\n\S+ +webhook\.test +failed +3 +404 /,
  )

  await fails(as('rita'), ['webhook', 'delete', id], 1, /OpenCBR\.0403/)
  await fails(as('bob'), ['webhook', 'show', id], 1, /BackupService\.6302, .+\n {2}next: .*opencbr webhook list/)
  await json(hers, 'webhook', 'delete', 'pager')
  await fails(hers, ['webhook', 'show', 'pager'], 1, /there is no webhook pager\n {2}next: opencbr webhook list/)
  assert.deepEqual(await json(hers, 'webhook', 'list'), [])
})

test('a webhook that cannot be is refused, and a wrong command line is 2', async () => {
  await fails(as('alice'), ['webhook', 'create', 'ftp://example.org/'], 1, /BackupService\.9900/)
  await fails(as('alice'), ['webhook', 'create', 'https://pager.example/', '--event', 'x'], 1, /BackupService\.9900/)
  await fails(as('alice'), ['webhook', 'deliveries', 'pager', '--status', 'lost'], 2, /Allowed choices are waiting, /)
})

test('the audit trail is listed by operation and resource, and goes on behind a record', async () => {
  const his = as('bob')
  const vaults: string[] = []
  for (const name of ['one', 'two', 'three'])
    vaults.push((await json(his, 'vault', 'create', name, '--for', 'disk', '--size', '10')).id)
  await json(his, 'vault', 'delete', 'two')
  await fails(his, ['backup', 'delete', crypto.randomUUID()], 1, /BackupService\.6200/)

  const of = async (...words: string[]) =>
    (await json(his, 'audit', 'list', ...words)).map((audit: Record<string, string>) => [
      audit.operation,
      audit.resource_id,
    ])
  assert.deepEqual(
    await of('--operation', 'CreateVault'),
    [...vaults].reverse().map(id => ['CreateVault', id]),
  )
  assert.deepEqual(await of('--resource', vaults[1] ?? ''), [
    ['DeleteVault', vaults[1]],
    ['CreateVault', vaults[1]],
  ])
  const page = await json(his, 'audit', 'list', '--operation', 'CreateVault', '--limit', '2')
  assert.equal(page.length, 2)
  assert.deepEqual(await of('--operation', 'CreateVault', '--after', page[1].id), [['CreateVault', vaults[0]]])

  const shown = await opencbr(his, ['audit', 'list', '--limit', '1'])
  assert.match(
    shown.out,
    /^AT +USER +FROM +OPERATION +RESOURCE +STATUS +CODE +ID\n\S+ \S+ +bob +127\.0\.0\.1 +DeleteBackup +\S+ +404 +BackupService\.6200 +\S+$/m,
  )
  await fails(his, ['audit', 'list', '--limit', '0'], 2, /it must be at least 1/)
  assert.deepEqual(await json(as('carol'), 'audit', 'list'), [])
})
