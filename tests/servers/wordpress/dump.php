<?php
/**
 * Prints a database as SQL: `php dump.php`, with RIG_SOCKET and RIG_DATABASE in the environment.
 *
 * Nothing is compressed or encoded, so that the web server's port can be replaced in the dump when it is
 * loaded for a server with another one.
 */

mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );
$database = new mysqli( 'localhost', 'wordpress', '', getenv( 'RIG_DATABASE' ), 0, getenv( 'RIG_SOCKET' ) );
$database->set_charset( 'utf8mb4' );

/** Returns a value as an SQL literal. */
function rig_literal( mysqli $database, ?string $value ): string {
	return null === $value ? 'NULL' : "'" . $database->real_escape_string( $value ) . "'";
}

echo "SET NAMES utf8mb4; SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; SET autocommit = 0;\n";
foreach ( $database->query( 'SHOW TABLES' )->fetch_all() as [ $table ] ) {
	$created = $database->query( "SHOW CREATE TABLE `$table`" )->fetch_row()[1];
	echo "DROP TABLE IF EXISTS `$table`;\n$created;\n";
	$rows = $database->query( "SELECT * FROM `$table`", MYSQLI_USE_RESULT );
	foreach ( $rows as $row ) {
		$literals = array_map( fn( $value ) => rig_literal( $database, $value ), array_values( $row ) );
		echo "INSERT INTO `$table` VALUES (", implode( ',', $literals ), ");\n";
	}
}
echo "COMMIT;\n";
