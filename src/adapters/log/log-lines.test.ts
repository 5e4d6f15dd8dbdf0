import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const program = (rest: string) => [
  '--input-type=module',
  '--eval',
  `import { logLines } from ${JSON.stringify(new URL('./log-lines.ts', import.meta.url).href)}
   const log = logLines()
   for (let line = 1; line <= 2000; line += 1) log.write('line ' + line + '\\n')
   ${rest}`,
]
const lines = Array.from({ length: 2000 }, (_, at) => `line ${at + 1}\n`).join('')

test('a process that ends, by whatever way, has written all its lines', () => {
  for (const end of [
    '',
    'process.exit(3)',
    'throw new Error("a bug")',
    'setImmediate(() => { throw new Error("a bug") })',
  ])
    assert.equal(spawnSync(process.execPath, program(end), { encoding: 'utf8' }).stdout, lines, end)
})

test('lines do not wait for the end', async () => {
  const child = spawn(process.execPath, program('setInterval(() => undefined, 1000)'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let written = ''
    for await (const chunk of child.stdout) {
      written += chunk
      if (written.length >= lines.length) break
    }
    assert.equal(written, lines)
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})
