import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../../ports/log.ts'
import { acme, alice, bob, byPassword, openDesk, signedIn, silent } from './test-accounts.ts'

const second = 1000

test('a wrong password, an unknown user, a disabled one and one without password are denied alike', async () => {
  const settings = acme(alice, { ...bob, enabled: false }, { name: 'carol', roles: { alpha: ['member'] } })
  await using desk = await openDesk(settings)
  const wrong = [
    byPassword('alice', 'alice-secreT'),
    byPassword('alice', ''),
    byPassword('bob', 'bob-secret'),
    byPassword('carol', ''),
    byPassword('nobody', 'alice-secret'),
    byPassword('constructor', 'x'),
  ]
  await Promise.all(
    wrong.map(async request => {
      const began = performance.now()
      assert.equal(await desk.identity.logIn(request), 'denied')
      const tookMs = performance.now() - began
      assert.ok(tookMs >= 395, `answered after ${tookMs} ms`)
    }),
  )
})

test('a password is the same text in any spelling of Unicode', async () => {
  await using desk = await openDesk(acme({ ...alice, password: 'pa\u00dfw\u00f6rt' }))
  await signedIn(desk.identity, byPassword('alice', 'pa\u00dfwo\u0308rt'))
})

test('who fails five times at one source waits there, longer each time, and nowhere else', async () => {
  await using desk = await openDesk(acme(alice))
  const right = byPassword('alice', 'alice-secret')
  const fail = () => desk.identity.logIn(byPassword('alice', 'wrong'))
  await Promise.all([1, 2, 3, 4].map(fail))
  await signedIn(desk.identity, right)
  await Promise.all([1, 2, 3, 4, 5].map(fail))
  assert.equal(await desk.identity.logIn(right), 'denied')
  await signedIn(desk.identity, { ...right, source: '192.0.2.2' })
  desk.pass(second)
  await fail()
  desk.pass(second)
  assert.equal(await desk.identity.logIn(right), 'denied')
  desk.pass(second)
  await signedIn(desk.identity, right)
})

test('a sign-in that has to wait is neither counted nor looked at', async () => {
  await using desk = await openDesk(acme(alice))
  await Promise.all([1, 2, 3, 4, 5].map(() => desk.identity.logIn(byPassword('alice', 'wrong'))))
  const early = await Promise.all([1, 2, 3].map(() => desk.identity.logIn(byPassword('alice', 'alice-secret'))))
  assert.deepEqual(early, ['denied', 'denied', 'denied'])
  desk.pass(second)
  await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
})

test('the log names known users by id, and never what was typed', async () => {
  const lines: string[] = []
  const log: Log = { ...silent, warn: (facts, message) => void lines.push(JSON.stringify(facts) + message) }
  await using desk = await openDesk(acme(alice), log)
  await desk.identity.logIn(byPassword('my-password-in-the-wrong-field', 'guess-1'))
  await desk.identity.logIn(byPassword('alice', 'guess-2'))
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /unknown.*192\.0\.2\.1/)
  assert.doesNotMatch(lines.join('\n'), /wrong-field|guess/)
})

test('a flood of sign-ins is turned away instead of queued for ever', async () => {
  await using desk = await openDesk(acme(alice))
  const flood = Array.from({ length: 150 }, (_, at) =>
    desk.identity.logIn(byPassword('alice', 'alice-secret', { source: `192.0.2.${at}` })).then(
      () => 'in',
      (error: Error) => error.message,
    ),
  )
  const answers = await Promise.all(flood)
  assert.equal(answers.filter(answer => answer === 'in').length, 102)
  assert.match(answers.find(answer => answer !== 'in') ?? '', /too many sign-ins at once/)
  await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
})
