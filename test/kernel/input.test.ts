import { expect } from 'chai'
import Joi from 'joi'
import { AppError } from '../../src/kernel/errors.ts'
import { minorUnits, name, text } from '../../src/kernel/schema.ts'
import { createInputReader } from '../../src/platform/input.ts'

describe('what arrives from outside', () => {
  const read = createInputReader(Joi.object({ amount: minorUnits, title: name(10), body: text(20), nested: Joi.object({ inner: text(5) }), list: Joi.array().items(text(5)), rows: Joi.array().items(Joi.object({ title: name(5) })) }))

  const cases: [string, unknown, string][] = [
    ['a key that pollutes prototypes', JSON.parse('{"nested":{"__proto__":{"x":1}}}'), 'forbidden-key'],
    ['a key named constructor', { constructor: 1 }, 'forbidden-key'],
    ['a query operator', { amount: { $gt: 0 } }, 'forbidden-key'],
    ['a dotted key', { 'a.b': 1 }, 'forbidden-key'],
    ['a NUL in a key', { 'a\0': 1 }, 'forbidden-key'],
    ['_bsontype', { _bsontype: 'ObjectId' }, 'forbidden-key'],
    ['an unknown field', { role: 'admin' }, 'unknown-field'],
    ['a lone surrogate', { body: 'a\ud800' }, 'text'],
    ['only zero-width characters', { body: '\u200b\u200d' }, 'text'],
    ['a NUL in text', { body: 'a\0b' }, 'text'],
    ['a direction override in a name', { title: 'a\u202eb' }, 'text'],
    ['a line break in a name', { title: 'a\nb' }, 'text'],
    ['an empty name', { title: '  ' }, 'text'],
    ['a tower of combining marks', { body: `a${'\u0301'.repeat(12)}` }, 'text'],
    ['too many code points', { body: '😀'.repeat(21) }, 'text'],
    ['a long text in a nested field', { nested: { inner: 'abcdef' } }, 'text'],
    ['a long text in a list', { list: ['abc', 'abcdef'] }, 'text'],
    ['a line break in a name of a listed thing', { rows: [{ title: 'a' }, { title: 'a\nb' }] }, 'text'],
  ]
  for (const [what, input, code] of cases)
    it(`refuses ${what}`, () => {
      const error = refusalOf(() => read(input))
      expect(error.code).to.equal('validation')
      expect(error.extras.errors?.map((each) => each.code)).to.include(code)
    })

  for (const amount of [0, -1, 1.5, '100', '1e3', 1e21, Number('9007199254740993'), null, true, -0, Number.NaN, [1], {}])
    it(`refuses ${Object.is(amount, -0) ? '-0' : JSON.stringify(amount)} as an amount`, () => {
      expect(refusalOf(() => read({ amount })).code).to.equal('validation')
    })

  it('refuses what is nested too deeply, has too many keys or too long a list', () => {
    let deep: unknown = 1
    for (let level = 0; level < 25; level++) deep = [deep]
    const wide = Object.fromEntries(Array.from({ length: 1_001 }, (_each, index) => [`k${index}`, 1]))
    for (const input of [{ x: deep }, wide, { x: Array.from({ length: 1_001 }, () => 1) }]) expect(refusalOf(() => read(input)).code).to.equal('too-complex')
  })

  it('normalises text to NFC and counts emoji as one', () => {
    expect(read({ body: 'e\u0301' })).to.deep.equal({ body: 'é' })
    expect(read({ list: ['e\u0301'], rows: [{ title: ' e\u0301 ' }] })).to.deep.equal({ list: ['é'], rows: [{ title: 'é' }] })
    expect(read({ body: '😀'.repeat(20) })).to.deep.equal({ body: '😀'.repeat(20) })
  })

  it('never repeats a value in its answer', () => {
    const error = refusalOf(() => read({ amount: 'my secret' }))
    expect(JSON.stringify(error.extras)).not.to.include('my secret')
  })
})

function refusalOf(act: () => unknown): AppError {
  try {
    act()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was accepted')
}
