import { memoryObjectStore } from './memory.ts'
import { objectStoreSuite } from './suite.ts'

objectStoreSuite('memory', async () => memoryObjectStore())
