/** Policies of an account come to every project, and run there like the project's own. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, type Desk, openDesk } from '../../test/desk.ts'
import { policyCalls } from '../../test/policy-calls.ts'
import { openPolicyStage, type PolicyStage } from '../../test/policy-stage.ts'
import { createOrganizationPolicy } from '../control/organization-policy/create-organization-policy.ts'
import { deleteOrganizationPolicy } from '../control/organization-policy/delete-organization-policy.ts'
import { showOrganizationPolicy } from '../control/organization-policy/show-organization-policy.ts'
import { Fault } from '../ports/fault.ts'
import { startRollOuts } from './roll-outs.ts'

const carol = { ...alice, projectId: '5f3f6a1d52b84e7f9a60d2b7c81e4f35' }
const dora = { ...alice, projectId: '6f3f6a1d52b84e7f9a60d2b7c81e4f35' }
const path = { project_id: alice.projectId }

const project = ({ projectId, domainId, domainName }: typeof alice) => ({
  id: projectId,
  name: projectId.slice(0, 4),
  domainId,
  domainName,
  enabled: true,
  description: '',
})

/** The account over the stage's catalog. */
async function accountOver(stage: PolicyStage): Promise<Desk> {
  const desk = await openDesk({}, stage.ports.catalog)
  desk.projects.push(project(alice))
  return desk
}

async function createNightly(desk: Desk, stage: PolicyStage): Promise<string> {
  const policy = {
    name: 'org',
    operation_type: 'backup',
    policy_name: 'nightly',
    policy_enabled: true,
    policy_operation_definition: { max_backups: 2 },
    policy_trigger: { properties: { pattern: ['FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00'] } },
  } as const
  const ports = { ...desk.ports, now: stage.now }
  const made = await createOrganizationPolicy(ports, alice, { path, query: {}, body: { policy } })
  return made.policy?.id ?? assert.fail('no policy')
}

const named = (organization_policy_id: string) => ({
  path: { ...path, organization_policy_id },
  query: {},
  body: undefined,
})
const statusOf = async (desk: Desk, id: string) =>
  (await showOrganizationPolicy(desk.ports, alice, named(id))).policy?.status

test('it runs in the vaults of a project that applies it, keeps what it says, and ends when it is deleted', async () => {
  await using stage = await openPolicyStage()
  const desk = await accountOver(stage)
  const id = await createNightly(desk, stage)
  const { ids } = await stage.calls.list()
  const vault = await stage.vault([await stage.disk()])
  await stage.calls.apply(vault, ids[0] ?? '')
  for (const day of [24, 25, 26]) await stage.goTo(`2026-11-${day}T02:00:00.000Z`)
  const days = async () => (await stage.backups(vault)).map(({ createdAt }) => createdAt.toISOString().slice(0, 10))
  assert.deepEqual(await days(), ['2026-11-25', '2026-11-26'])
  const logs = await stage.logs(vault)
  assert.equal(logs.find(({ type }) => type === 'backup')?.policyId, ids[0])
  await deleteOrganizationPolicy(desk.ports, alice, named(id))
  await stage.goTo('2026-11-27T02:00:00.000Z')
  assert.deepEqual(await days(), ['2026-11-25', '2026-11-26'], 'its backups stay, and no other is made')
  assert.deepEqual(stage.complaints, [])
})

test('a project made later has it after the next round, once; until then it is syncing', async () => {
  await using stage = await openPolicyStage()
  const desk = await accountOver(stage)
  const id = await createNightly(desk, stage)
  desk.projects.push(project(carol), { ...project(dora), enabled: false })
  const listed = (caller: typeof alice) => policyCalls(desk.ports, caller).list()
  assert.equal(await statusOf(desk, id), 'syncing')
  assert.equal((await listed(carol)).count, 0)
  const ports = { ...desk.ports, log: stage.ports.log }
  const rounds = [startRollOuts(ports), startRollOuts(ports)]
  await Promise.all(rounds.map(round => round.look()))
  await Promise.all(rounds.map(round => round.stop()))
  assert.equal(await statusOf(desk, id), 'available')
  const { ids, count } = await listed(carol)
  assert.equal(count, 1)
  const policy = await policyCalls(desk.ports, carol).show(ids[0] ?? '')
  assert.deepEqual([policy.name, policy.policy_type], ['nightly', 'organization_policy_v2'])
  assert.equal((await listed(dora)).count, 0, 'a disabled project has none')
  assert.equal((await listed(alice)).count, 1)
})

test('an identity service that does not answer is told, and asked again', async () => {
  await using stage = await openPolicyStage()
  const desk = await accountOver(stage)
  const id = await createNightly(desk, stage)
  desk.projects.push(project(carol))
  const answering = { yes: false }
  const identity = {
    ...desk.ports.identity,
    async projectsOfDomain(domain: Parameters<typeof desk.ports.identity.projectsOfDomain>[0]) {
      if (!answering.yes) throw new Fault('unavailable', 'no answer')
      return desk.ports.identity.projectsOfDomain(domain)
    },
  }
  const round = startRollOuts({ ...desk.ports, identity, log: stage.ports.log })
  await round.look()
  assert.match(stage.complaints[0] ?? '', /could not be rolled out/)
  assert.equal(await statusOf(desk, id), 'syncing')
  answering.yes = true
  await round.look()
  await round.stop()
  assert.equal(await statusOf(desk, id), 'available')
})
