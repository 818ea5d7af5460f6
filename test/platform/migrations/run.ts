import { newId } from '../../../src/kernel/ids.ts'
import { createFailpoints } from '../../../src/platform/failpoint.ts'
import { createMigrations } from '../../../src/platform/migrations.ts'
import { connectDatabase } from '../../../src/platform/mongo.ts'
import { wall } from '../../../src/platform/system-clock.ts'
import { samples } from './samples.ts'

/** A process that migrates and says what it ran: `run.ts URI DATABASE [FAILPOINT]`. */
const [uri = '', name = '', failpoint] = process.argv.slice(2)
const quiet = () => {}
const database = await connectDatabase(uri, name)
const migrations = createMigrations({
  connection: database.connection,
  migrations: samples,
  owner: newId('prc'),
  wall,
  failpoints: createFailpoints(failpoint),
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
})
const { ran } = await migrations.up({ alone: false })
process.stdout.write(JSON.stringify(ran))
await database.close()
