/**
 * `npm run test:year`: a year of policies over a thousand vaults, compared backup by backup with an independent calendar
 * and a plain model of retention. YEAR_VAULTS and YEAR_SEED choose others; a failure is repeated by the seed printed.
 */
import { simulateYear } from './simulate-year.ts'

const vaults = Number(process.env.YEAR_VAULTS ?? 1000)
const seed = Number(process.env.YEAR_SEED ?? Date.now() % 1_000_000)
console.log(`a simulated year: ${vaults} vaults, YEAR_SEED=${seed}`)
const begin = performance.now()
const { runs, moments } = await simulateYear({ vaults, seed, quickJobs: true })
const seconds = ((performance.now() - begin) / 1000).toFixed(1)
console.log(`${runs} runs at ${moments} moments, each as expected, in ${seconds} s`)
