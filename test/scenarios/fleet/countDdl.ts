import pg from 'pg';

/**
 * Has the server write down each ALTER TABLE and CREATE INDEX that is committed in these databases, from now on.
 *
 * @returns asks for how often each happened to each object
 */
export async function countDdl(adminUrl: string, databases: string[]): Promise<() => Promise<Map<string, number>>> {
  const places = [...new Set(databases)];
  for (const database of places)
    await ask(
      adminUrl,
      database,
      `create table public.statements (id bigserial primary key, tag text, object text);
       create function public.note_statement() returns event_trigger language plpgsql security definer as $$
       declare command record; begin
         for command in select * from pg_event_trigger_ddl_commands() where command_tag in ('ALTER TABLE', 'CREATE INDEX') loop
           insert into public.statements (tag, object) values (command.command_tag, command.object_identity);
         end loop;
       end $$;
       create event trigger noted on ddl_command_end execute function public.note_statement()`,
    );
  return async () => {
    const counted = new Map<string, number>();
    for (const database of places)
      for (const { tag, object } of await ask<{ tag: string; object: string }>(
        adminUrl,
        database,
        'select tag, object from public.statements',
      ))
        counted.set(`${tag} ${object}`, (counted.get(`${tag} ${object}`) ?? 0) + 1);
    return counted;
  };
}

async function ask<Row extends pg.QueryResultRow>(adminUrl: string, database: string, text: string): Promise<Row[]> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
