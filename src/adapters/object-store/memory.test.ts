import { memoryObjectStore } from './memory.ts'
import { retentionSuite } from './retention-suite.ts'
import { objectStoreSuite } from './suite.ts'

objectStoreSuite('memory', async () => memoryObjectStore())
retentionSuite('memory', async () => memoryObjectStore({ clock: () => new Date() }))
