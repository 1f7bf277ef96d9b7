-- What the product does first: it has to work in a copy that was restored. Taken back afterwards.
select count(*) from settings;
insert into projects (title) values ('A project that is never kept') returning id;
