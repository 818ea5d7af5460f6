import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'

describe('an operation', () => {
  let app: TestApp
  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  it('with a key is said to make something, so that the check of keys knows what to look for', () => {
    const keyed = app.app.features.flatMap((feature) => feature.operations).filter((each) => each.once)
    const effects = app.app.features.flatMap((feature) => feature.effects)
    expect(effects.map((each) => each.operation)).to.have.members(keyed.map((each) => each.name))
    for (const { operation, field } of effects) expect(keyed.find((each) => each.name === operation)?.output.extract?.(field), `${operation}: ${field}`).to.be.an('object')
  })
})
