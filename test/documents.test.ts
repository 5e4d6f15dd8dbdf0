/** The documents say what the code does, checked both ways. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Command } from 'commander'
import { addClientCommands } from '../src/client-commands/commands.ts'
import { variables } from '../src/config-environment.ts'
import { errors } from '../src/contract/errors.ts'
import { operations } from '../src/contract/operations.gen.ts'
import { routes } from '../src/http/routes.ts'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** Cells of the rows whose first cell fits. */
const rowsOf = (document: string, first: RegExp): readonly (readonly string[])[] =>
  read(document)
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
    .filter(([cell = '']) => first.test(cell))

interface PublishedCodes {
  readonly codes: readonly { readonly code: string; readonly http: number }[]
  readonly additional: readonly { readonly code: string; readonly http: number }[]
}

const published = (): readonly { readonly code: string; readonly http: number }[] => {
  const { codes, additional }: PublishedCodes = JSON.parse(read('contract/error-codes.json'))
  return [...codes, ...additional].map(({ code, http }) => ({ code: code.replace('BackupService.', ''), http }))
}

test('docs/errors.md has every code of the contract once', () => {
  const listed = rowsOf('docs/errors.md', /^\d{4}$/).map(([code]) => code)
  assert.deepEqual(listed, [...new Set(published().map(({ code }) => code))].sort())
})

test('docs/errors.md names where a code is raised, or why it cannot be', () => {
  for (const [code = '', where = '', whyNot = ''] of rowsOf('docs/errors.md', /^\d{4}$/)) {
    assert.notEqual(where === '', whyNot === '', `${code}: one of the two`)
    for (const file of where === '' ? [] : where.split(', ')) {
      assert.match(read(`src/${file}`), new RegExp(`['.]${code}'`), `${code} is not raised in src/${file}`)
    }
    assert.equal(code in errors, where !== '', `${code} is in src/contract/errors.ts if it is raised, and else not`)
  }
})

test('the table of errors has only codes of the contract, with its statuses', () => {
  // 1005 is 400 by the newer edition (semantics 24.1 #28).
  const statuses = new Map(published().map(({ code, http }) => [code, code === '1005' ? 400 : http]))
  for (const [code, [status]] of Object.entries(errors)) assert.equal(status, statuses.get(code), code)
})

test('docs/api.md lists every operation, its request and its state', () => {
  const listed = rowsOf('docs/api.md', /^[A-Z]\w+$/)
  assert.deepEqual(listed.map(([name]) => name).sort(), Object.keys(operations).sort())
  for (const [name = '', request, state] of listed) {
    const operation = Object.entries(operations).find(([id]) => id === name)?.[1]
    const route = Object.entries(routes).find(([id]) => id === name)?.[1]
    assert.ok(operation && route)
    assert.equal(request, `${operation.method} \`${operation.path}\``)
    assert.equal(state, 'offered', name)
  }
})

test('docs/commands.md has every command of the client', () => {
  const listed = rowsOf('docs/commands.md', /^`[a-z-]+( [a-z-]+)?`/).flatMap(([names = '']) => commandsIn(names))
  const program = new Command()
  addClientCommands(program)
  assert.deepEqual(listed.sort(), commandsOf(program, '').sort())
})

/** '`vault list`, `show`' is `vault list` and `vault show`. */
function commandsIn(names: string): readonly string[] {
  const words = [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  const noun = words[0]?.includes(' ') ? `${words[0].split(' ')[0]} ` : ''
  return words.map(name => (name.includes(' ') ? name : noun + name))
}

const commandsOf = ({ commands }: Command, before: string): string[] =>
  commands.flatMap(each => {
    const name = `${before}${each.name()}`
    return each.commands.length > 0 ? commandsOf(each, `${name} `) : [name]
  })

test('docs/configuration.md has every key with its variable', () => {
  const listed = rowsOf('docs/configuration.md', /^`[a-z]/).map(([key, variable]) => `${key} ${variable}`)
  const known = variables().map(({ path, name }) => `\`${path.join('.')}\` \`${name}\``)
  assert.deepEqual(listed.sort(), known.sort())
})
