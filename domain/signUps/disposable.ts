import mailChecker from 'mailchecker';

/** Whether an address is of a service that gives addresses away for minutes, by the list that comes with the library's releases. */
export const isDisposable = (email: string): boolean => !mailChecker.isValid(email);
