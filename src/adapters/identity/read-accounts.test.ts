import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../ports/fault.ts'
import { openEmbeddedIdentity } from './embedded.ts'
import type { DomainSettings, IdentitySettings } from './settings.ts'
import { acme, alice, alpha, beta, bob, openDesk, silent, start } from './test-accounts.ts'

const acmeWith = (domain: Partial<DomainSettings>): IdentitySettings => ({ domains: [{ name: 'acme', ...domain }] })

test('ids are made from names, the same everywhere, and given ones are taken', async () => {
  const settings = acmeWith({ projects: [{ name: 'one' }, { name: 'two', id: alpha }], users: [{ name: 'one' }] })
  await using desk = await openDesk(settings)
  await using other = await openDesk(settings)
  assert.deepEqual(desk.identity.projects(), other.identity.projects())
  assert.deepEqual(desk.identity.users(), other.identity.users())
  const [one, two] = desk.identity.projects()
  assert.match(one?.id ?? '', /^[0-9a-f]{32}$/)
  assert.equal(two?.id, alpha)
  assert.notEqual(desk.identity.users()[0]?.id, one?.id)
})

test('a name keeps its id when the settings no longer give it, and when it was away for a while', async () => {
  await using desk = await openDesk(acmeWith({ id: 'default', projects: [{ name: 'alpha', id: alpha }] }))
  await desk.restart(acmeWith({}))
  assert.deepEqual(await desk.identity.unknownProjects([alpha]), [alpha])
  await desk.restart(acmeWith({ projects: [{ name: 'alpha' }] }))
  assert.equal(desk.identity.domains()[0]?.id, 'default')
  assert.equal(desk.identity.projects()[0]?.id, alpha)
})

test('a project is renamed by its id', async () => {
  await using desk = await openDesk(acmeWith({ projects: [{ name: 'alpha', id: alpha }] }))
  await desk.restart(acmeWith({ projects: [{ name: 'omega', id: alpha }] }))
  await desk.restart(acmeWith({ projects: [{ name: 'omega' }, { name: 'alpha' }] }))
  const [omega, again] = desk.identity.projects()
  assert.equal(omega?.id, alpha)
  assert.notEqual(again?.id, alpha)
})

test('projects of roles are named by name, domain and name, or id', async () => {
  const other = { name: 'other', projects: [{ name: 'gamma' }, { name: 'alpha' }] }
  const roles = { alpha: ['member'], [beta]: ['reader'], 'other/gamma': ['member'], 'other/alpha': ['reader'] }
  await using desk = await openDesk({ domains: [...acme({ ...bob, roles }).domains, other] })
  const projects = await desk.identity.projectsOfUser(desk.identity.users()[0]?.id ?? '')
  assert.deepEqual(
    projects.map(({ domainName, name }) => `${domainName}/${name}`),
    ['acme/alpha', 'acme/beta', 'other/gamma', 'other/alpha'],
  )
})

test('every mistake is told, at once, and nothing is written', async () => {
  const key = { ak: 'AK', sk: 's' }
  const settings: IdentitySettings = {
    domains: [
      {
        name: 'acme',
        projects: [
          { name: 'a' },
          { name: 'a' },
          { name: 'b/c' },
          { name: 'd', id: 'X' },
          { name: 'e', id: alpha },
          { name: 'f', id: alpha },
        ],
        users: [
          { name: '' },
          { name: 'u', roles: { nowhere: ['member'], a: ['CBR FullAcess'] } },
          { name: 'v', accessKeys: [key, { ak: 'b c', sk: 'x' }] },
          { name: 'w', accessKeys: [key, { ak: 'AKW', sk: '' }] },
        ],
        policies: [
          { name: 'p', document: { Version: '1.0' } },
          { name: 'admin', document: { Version: '1.1', Statement: [{ Effect: 'Allow', Action: ['cbr:*:*'] }] } },
        ],
      },
    ],
  }
  await using desk = await openDesk(acme(alice))
  await desk.identity.close()
  const told = await desk.restart(settings).then(
    () => '',
    (error: unknown) => (error instanceof Fault && error.kind === 'conflict' ? error.message : String(error)),
  )
  for (const part of [
    'project a of domain [0-9a-f]+ is there twice',
    'project name b/c has a slash',
    'project d: the id X is malformed',
    `the project id ${alpha} is there twice`,
    'the user name "" is empty',
    'user u: there is no project nowhere',
    'user u: there is no role CBR FullAcess',
    'user v: a malformed access key',
    'access key AK is there twice',
    'user w: a malformed access key',
    'policy p has a Version',
    'policy admin: the name is taken',
  ]) {
    assert.match(told, new RegExp(part))
  }
  await desk.restart(acme(alice))
})

test('an id that contradicts what a name had so far is refused', async () => {
  await using desk = await openDesk(acme(alice))
  await desk.identity.close()
  const moved = acmeWith({ projects: [{ name: 'alpha', id: 'a'.repeat(32) }] })
  await assert.rejects(desk.restart(moved), /project alpha has had the id 0605767b5780d5762fc5c0118072a564 so far/)
  await desk.restart(acme(alice))
})

test('policy documents are checked to the letter', async () => {
  const allow = { Effect: 'Allow', Action: ['cbr:vaults:list'] }
  const cases: readonly (readonly [document: unknown, told: RegExp])[] = [
    [undefined, /is not an object/],
    [[], /is not an object/],
    [{ Version: '1.1' }, /has no Statement/],
    [{ Version: '1.1', Statement: [] }, /has no Statement/],
    [{ Version: '1.1', Statement: ['x'] }, /not an object/],
    [{ Version: '1.1', Statement: [allow, { ...allow, Effect: 'allow' }] }, /neither "Allow" nor "Deny"/],
    [{ Version: '1.1', Statement: [{ ...allow, Effect: 'constructor' }] }, /neither "Allow" nor "Deny"/],
    [{ Version: '1.1', Statement: [{ ...allow, Action: [] }] }, /without Action/],
    [{ Version: '1.1', Statement: [{ ...allow, Action: 'cbr:*:*' }] }, /without Action/],
    [{ Version: '1.1', Statement: [{ ...allow, Action: ['cbr:*'] }] }, /service:type:operation/],
    [{ Version: '1.1', Statement: [{ ...allow, Condition: {} }] }, /Condition, which is not known/],
  ]
  for (const [document, told] of cases) {
    const settings = acmeWith({ policies: [{ name: 'p', document }] })
    const opening = openEmbeddedIdentity({ file: ':memory:', settings, region: 'r', now: () => start, log: silent })
    await assert.rejects(opening, told)
  }
})
