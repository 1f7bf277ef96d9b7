-- Rows are what is wrong: there are none.
select t.id from tasks t left join projects p on p.id = t.project_id where p.id is null or t.title = ''
