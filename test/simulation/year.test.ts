/** A small year; `npm run test:year` lives through the same with a thousand vaults. */
import { test } from 'node:test'
import { simulateYear } from './simulate-year.ts'

test('a year of policies over 30 vaults is the year of an independent calendar', async context => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  await simulateYear({ vaults: 30, seed })
})
