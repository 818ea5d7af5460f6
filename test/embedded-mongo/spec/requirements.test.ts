import { expect } from 'chai'
import type { Requirement } from './format.ts'
import { applies, compareVersions } from './requirements.ts'

const facts = { version: '7.0.0', topology: 'replicaset', auth: false } as const

describe('the requirements of a specification case', () => {
  it('compare versions by number, part by part', () => {
    expect(compareVersions('7.0.0', '7.0')).to.equal(0)
    expect(compareVersions('4.10', '4.9.9')).to.be.above(0)
    expect(compareVersions('7.0.0', '7.99')).to.be.below(0)
    expect(compareVersions('8.0.0-rc1', '8.0')).to.equal(0)
  })

  it('are met by any row of the file and any row of the case', () => {
    expect(run([{ minServerVersion: '4.0', topologies: ['replicaset'] }, { topologies: ['sharded'] }])).to.equal(true)
    expect(run([{ topologies: ['sharded', 'load-balanced'] }])).to.equal(false)
    expect(run([{ minServerVersion: '4.0' }], [{ maxServerVersion: '6.99' }])).to.equal(false)
    expect(run(undefined, [{ minServerVersion: '8.0' }])).to.equal(false)
    expect(run([{ serverless: 'forbid' }])).to.equal(true)
    expect(run([{ serverless: 'require' }])).to.equal(false)
    expect(run([{ auth: true }])).to.equal(false)
    expect(run([{ csfle: true }])).to.equal(false)
    expect(run()).to.equal(true)
  })

  it('are refused when the runner does not know them', () => {
    expect(() => run([{ moonPhase: 'full' } as Requirement])).to.throw('moonPhase')
  })
})

function run(ofFile?: Requirement[], ofCase?: Requirement[]): boolean {
  const test = { description: 'case', operations: [], runOnRequirements: ofCase }
  return applies({ description: 'file', schemaVersion: '1.0', runOnRequirements: ofFile, tests: [test] }, test, facts)
}
