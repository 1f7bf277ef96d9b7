import type { Place } from '#domain/places/place.ts';
import type { Platform } from '#domain/platform.ts';
import type { Ledger } from '#domain/runs/ledger.ts';
import type { BillingProviderKind } from '#contracts/licenses/billing.ts';
import type { BillingProvider } from '#providers/billing/billingProvider.ts';
import type { MailSender } from '#providers/mail/mailSender.ts';
import type { TxtResolver } from '#providers/dns/txtResolver.ts';
import type { DrillRooms } from '#providers/database/drill/rooms.ts';
import type { TenantFleet } from '#providers/database/tenantFleet.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';
import type { Provider } from '#providers/provider.ts';
import type { DatabaseServers } from '#providers/replication/servers.ts';

/** What activities stand on; each takes what it needs. */
export interface Deps extends Platform {
  ledger: Ledger;
  /** By kind: what a blueprint's step names. */
  providers: Record<string, Provider>;
  /** The schemas of all tenants, for migrations over all of them. */
  fleet: TenantFleet;
  mail: MailSender;
  /** Who keeps payments; what is not configured is not there. */
  billing: Partial<Record<BillingProviderKind, BillingProvider>>;
  /** Where exports are kept. */
  place: Place;
  backupPlace: Place;
  /** Of the whole server; null where it is off. */
  physical: PhysicalBackup | null;
  /** Brings a registry of then to the shape that this version reads. */
  migrateRegistry(url: string): Promise<void>;
  /** Where backups are restored to be proven. */
  drillRooms: DrillRooms;
  /** Those that recovery may touch, by name. */
  servers: DatabaseServers;
  txt: TxtResolver;
  startRun(runId: string): Promise<void>;
  /** Whether Temporal has an execution of this workflow under way. */
  executionIsOpen(workflowId: string): Promise<boolean>;
}
